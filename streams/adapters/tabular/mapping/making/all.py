"""Which maker makes which fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import Ward
from streams.adapters.tabular.mapping import facts
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.making import (
    care,
    drugs,
    microbiology,
    statements,
    whereabouts,
)
from streams.adapters.tabular.mapping.making.results import Results, long_results
from streams.adapters.tabular.mapping.stamping import Binding
from streams.vocabulary.events import Event


Makes = Callable[[Line], Iterator[Event]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What makers need, at hand."""

    codes: CodeMap
    results: Results
    pharmacy: drugs.Pharmacy
    wards: Mapping[str, Ward]
    answers: microbiology.Answers | None


def makers(
    told: Iterable[facts.Fact], binding: Binding, shelf: Shelf
) -> Iterator[tuple[Makes, tuple[int, ...]]]:
    """A function of a row for each fact, under its condition; the cells it reads."""
    sheet = binding.sheet
    for fact in told:
        sheet.cells_used()
        make, holds = _maker(fact, binding, shelf), sheet.holds(fact.when)
        yield make if holds is None else _where(holds, make), sheet.cells_used()


def _where(holds: Callable[[Line], bool], make: Makes) -> Makes:
    return lambda line: make(line) if holds(line) else iter(())


def _maker(  # noqa: C901, PLR0912 - a table of sorts
    fact: facts.Fact, binding: Binding, shelf: Shelf
) -> Makes:
    match fact:
        case facts.MeasurementFact():
            return long_results(fact, binding, shelf.codes, shelf.results)
        case facts.EncounterFact():
            return whereabouts.encounters(fact, binding)
        case facts.LocationFact():
            return whereabouts.locations(fact, binding, shelf.wards)
        case facts.DemographicsFact():
            return whereabouts.demographics(fact, binding)
        case facts.DeathFact():
            return whereabouts.deaths(fact, binding)
        case facts.MedicationFact():
            return drugs.medications(fact, binding, shelf.pharmacy)
        case facts.InfusionFact():
            return drugs.infusions(fact, binding, shelf.pharmacy)
        case facts.FluidFact():
            return care.fluids(fact, binding, shelf.pharmacy)
        case facts.CultureFact():
            return microbiology.cultures(fact, binding, shelf.codes)
        case facts.CultureResultFact():
            return microbiology.culture_results(
                fact, binding, shelf.codes, shelf.answers
            )
        case facts.SupportFact():
            return care.support(fact, binding, shelf.codes)
        case facts.ProcedureFact():
            return care.procedures(fact, binding)
        case facts.ConditionFact():
            return statements.conditions(fact, binding)
        case facts.CodeStatusFact():
            return statements.code_statuses(fact, binding)
