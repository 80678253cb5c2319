"""Which maker makes which fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import Ward
from streams.adapters.tabular.mapping import facts
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.making import (
    microbiology,
    results,
    statements,
    treatment,
    whereabouts,
)
from streams.adapters.tabular.mapping.stamping import Binding
from streams.vocabulary.events import Event


Makes = Callable[[Line], Iterator[Event]]


def makers(
    told: Iterable[facts.Fact],
    binding: Binding,
    *,
    codes: CodeMap,
    results: results.Results,
    pharmacy: treatment.Pharmacy,
    wards: Mapping[str, Ward],
    answers: microbiology.Answers | None,
) -> Iterator[Makes]:
    """A function of a row for each fact, under its condition."""
    shelf = _Shelf(binding, codes, results, pharmacy, wards, answers)
    for fact in told:
        make, holds = shelf.maker(fact), binding.sheet.holds(fact.when)
        yield make if holds is None else _where(holds, make)


def _where(holds: Callable[[Line], bool], make: Makes) -> Makes:
    return lambda line: make(line) if holds(line) else iter(())


class _Shelf:
    """What makers need, at hand."""

    def __init__(
        self,
        binding: Binding,
        codes: CodeMap,
        results: results.Results,
        pharmacy: treatment.Pharmacy,
        wards: Mapping[str, Ward],
        answers: microbiology.Answers | None,
    ) -> None:
        self._binding = binding
        self._codes = codes
        self._results = results
        self._pharmacy = pharmacy
        self._wards = wards
        self._answers = answers

    def maker(self, fact: facts.Fact) -> Makes:
        """The maker of one sort of fact."""
        binding = self._binding
        match fact:
            case facts.MeasurementFact():
                return results.long_results(fact, binding, self._codes, self._results)
            case facts.EncounterFact():
                return whereabouts.encounters(fact, binding)
            case facts.LocationFact():
                return whereabouts.locations(fact, binding, self._wards)
            case facts.DemographicsFact():
                return whereabouts.demographics(fact, binding)
            case facts.DeathFact():
                return whereabouts.deaths(fact, binding)
            case facts.MedicationFact():
                return treatment.medications(fact, binding, self._pharmacy)
            case facts.InfusionFact():
                return treatment.infusions(fact, binding, self._pharmacy)
            case facts.FluidFact():
                return treatment.fluids(fact, binding, self._pharmacy.aliases)
            case facts.CultureFact():
                return microbiology.cultures(fact, binding)
            case facts.CultureResultFact():
                return microbiology.culture_results(fact, binding, self._answers)
            case facts.SupportFact():
                return treatment.support(fact, binding)
            case facts.ProcedureFact():
                return treatment.procedures(fact, binding)
            case facts.ConditionFact():
                return statements.conditions(fact, binding)
            case facts.CodeStatusFact():
                return statements.code_statuses(fact, binding)
