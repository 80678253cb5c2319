"""Orders, dispenses, administrations and statements of drugs; infusions and fluids.

An infusion's start and its end are two facts; so are an order and its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from streams.adapters.fhir.drugs import (
    Product,
    product,
    route_code,
    systemic,
)
from streams.adapters.fhir.elements import Concept, Period, Quantity
from streams.adapters.fhir.quantities import millilitres, number_of, written_unit
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.times import When, at
from streams.adapters.fhir.treatments import (
    Dosage,
    DosageInstruction,
    Medicated,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
)
from streams.adapters.rates import canonical_rate, of_the_base
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Fluid, Infusion, Medication
from streams.vocabulary.facts import Flag
from streams.vocabulary.units import UNITS, canonical_unit


Stage = Literal["ordered", "stopped", "dispensed", "given", "not_given", "home"]

VOID = {
    "MedicationRequest": frozenset({"entered-in-error", "cancelled"}),
    "MedicationAdministration": frozenset({"entered-in-error"}),
    "MedicationDispense": frozenset({"entered-in-error", "cancelled"}),
    "MedicationStatement": frozenset({"entered-in-error"}),
    "MedicationUsage": frozenset({"entered-in-error"}),
}
"""By type, the statuses that say it never was."""
_NO_ORDER = frozenset({"proposal", "plan", "option"})
_NOT_YET = frozenset({"draft", "preparation"})
_OVER = frozenset({"completed", "stopped", "ended"})
_NOT_TAKEN = frozenset({"not-taken", "intended", "draft"})
_NOT_DISPENSED = frozenset({"preparation", "declined", "on-hold"})


def read_request(telling: Telling, resource: MedicationRequest) -> None:
    """An order, and its end once it is over."""
    what = _of(telling, resource)
    if what is None or resource.do_not_perform or resource.intent in _NO_ORDER:
        return
    if (resource.status or "") in _NOT_YET:
        return
    asked = _period(resource)
    start, end = telling.start(asked, "period"), telling.end(asked, "period")
    ordered = telling.time(resource.authored_on, "authoredOn") or start
    if ordered is None:
        telling.needs_time()
        return
    first = resource.dosage_instruction[:1]
    dose = next((d.dose_quantity for one in first for d in one.dose_and_rate), None)
    shared = _Shared(telling, what, telling.event_id, _route(telling, first), dose)
    stop = _stopped(telling, resource, end)
    odd = stop is not None and stop.at < ordered.at
    early = (Flag.STOP_BEFORE_START,) if odd else ()
    shared.tell("ordered", ordered, start=start, stop=end, flags=early)
    if stop is not None:
        shared.tell("stopped", stop, ":stopped", flags=early)


def read_dispense(telling: Telling, resource: MedicationDispense) -> None:
    """A drug handed out."""
    what = _of(telling, resource)
    if what is None or (resource.status or "") in _NOT_DISPENSED:
        return
    when = telling.first_time(
        (resource.when_handed_over, "whenHandedOver"),
        (resource.when_prepared, "whenPrepared"),
        (resource.recorded, "recorded"),
    )
    if when is None:
        telling.needs_time()
        return
    key = next(
        (k for one in resource.authorizing_prescription if (k := telling.key(one))),
        None,
    )
    route = _route(telling, resource.dosage_instruction[:1])
    _Shared(telling, what, _order(telling, key), route, None).tell("dispensed", when)


def read_statement(telling: Telling, resource: MedicationStatement) -> None:
    """A drug the patient takes, by what somebody said."""
    what = _of(telling, resource)
    if what is None or (resource.status or "") in _NOT_TAKEN:
        return
    period = resource.effective_period
    when = telling.first_time(
        (resource.effective_date_time, "effectiveDateTime"),
        (period.start if period else None, "effectivePeriod.start"),
        (resource.date_asserted, "dateAsserted"),
    )
    if when is None:
        telling.needs_time()
        return
    route = _route(telling, resource.dosage[:1])
    _Shared(telling, what, None, route, None).tell("home", when)


def read_administration(telling: Telling, resource: MedicationAdministration) -> None:
    """A dose given, an infusion run, a volume that went in."""
    what = _of(telling, resource)
    if what is None or (resource.status or "") in _NOT_YET:
        return
    period = resource.effective_period or resource.occurence_period
    start = telling.first_time(
        (resource.effective_date_time, "effectiveDateTime"),
        (resource.occurence_date_time, "occurenceDateTime"),
        (period.start if period else None, "effectivePeriod.start"),
    )
    if start is None:
        telling.needs_time()
        return
    end = telling.end(period, "effectivePeriod")
    dosage = resource.dosage or Dosage()
    shared = _Shared(
        telling,
        what,
        _order(telling, telling.key(resource.request)),
        route_code(telling, dosage.route),
        dosage.dose,
    )
    if resource.status == "not-done":
        shared.tell("not_given", start)
        return
    _Given(shared, dosage, start, end).tell()


class _Shared:
    """What the stages of one drug share."""

    def __init__(
        self,
        telling: Telling,
        what: Product,
        order: str | None,
        route: str | None,
        dose: Quantity | None,
    ) -> None:
        self.telling = telling
        self.what = what
        self.order = order
        self.route = route
        self.dose = dose
        self.antimicrobial = systemic(what, route)

    def tell(
        self,
        stage: Stage,
        when: When,
        suffix: str = "",
        *,
        start: When | None = None,
        stop: When | None = None,
        flags: tuple[Flag, ...] = (),
    ) -> None:
        """One stage; an unmapped drug is kept under the name it was sent by."""
        known = self.what.drug is not None or self.antimicrobial
        if not known:
            flags = (*flags, Flag.UNMAPPED)
            self.telling.leave_unmapped(self.what.codings, self._unit())
        self.telling.tell(
            Medication(
                **self.telling.common(when, suffix, flags),
                stage=stage,
                order_id=self.order,
                drug=self.what.drug,
                sent_drug=self.what.name,
                route=self.route,
                dose=self._amount(),
                unit=self._unit() or None,
                planned_start=at(start),
                planned_stop=at(stop),
                antimicrobial=self.antimicrobial,
            )
        )

    def _unit(self) -> str:
        return written_unit(self.dose, self.telling.desk.site.units)

    def _amount(self) -> float | None:
        return number_of(self.dose).value


class _Given:
    """One administration."""

    def __init__(
        self, shared: _Shared, dosage: Dosage, start: When, end: When | None
    ) -> None:
        self.shared = shared
        self.telling = shared.telling
        self.units = shared.telling.desk.site.units
        self.dosage = dosage
        self.start = start
        self.end = end
        early = end is not None and end.at < start.at
        self.flags = (Flag.STOP_BEFORE_START,) if early else ()

    def tell(self) -> None:
        """An infusion by its rate, a fluid by its volume, or a dose."""
        what, entry = self.shared.what, self.shared.what.entry
        try:
            rate, unit = self._rate()
            self._refuse_less_than_nothing()
            if what.drug is not None and rate is not None:
                self._infusion(what.drug, rate, unit)
                return
            fluid = entry is not None and entry.kind == "fluid"
            if what.drug is None:
                self._volume(entry.concept if fluid and entry else "other")
            if not fluid:
                self.shared.tell("given", self.start, flags=self.flags)
        except InputError as error:
            self.telling.fault_of("dosage", error)

    def _refuse_less_than_nothing(self) -> None:
        amount = number_of(self.dosage.dose).value
        if amount is not None and amount < 0:
            raise _negative()

    def _rate(self) -> tuple[float | None, str]:
        """The rate and its unit; of a ratio, the amount by one hour or minute."""
        plain, ratio = self.dosage.rate_quantity, self.dosage.rate_ratio
        if plain is not None:
            rate, unit = number_of(plain).value, written_unit(plain, self.units)
        elif ratio is not None:
            top, bottom = number_of(ratio.numerator).value, ratio.denominator
            per = number_of(bottom).value
            rate = None if top is None or not per else top / per
            unit = f"{written_unit(ratio.numerator, self.units)}/{written_unit(bottom, self.units)}"
        else:
            return None, ""
        if rate is not None and rate < 0:
            raise _negative()
        return rate, unit

    def _infusion(self, name: str, rate: float, unit: str) -> None:
        drug = drugs()[name]
        self.telling.units.append((name, unit))
        value = canonical_rate(drug, rate, self.units.get(unit, unit))
        value = of_the_base(drug, value, self.telling.desk.site.vasoactives)
        high = drug.plausible_high
        if value is not None and high is not None and value > high:
            self.flags = (*self.flags, Flag.IMPLAUSIBLE)
        self._phase("started", self.start, name, value, rate, unit)
        if self.end is not None:
            self._phase("stopped", self.end, name, value, rate, unit)

    def _phase(
        self,
        phase: Literal["started", "stopped"],
        when: When,
        drug: str,
        value: float | None,
        rate: float,
        unit: str,
    ) -> None:
        self.telling.tell(
            Infusion(
                **self.telling.common(when, f":{phase}", self.flags),
                phase=phase,
                infusion_id=self.telling.event_id,
                drug=drug,
                rate=value,
                sent_rate=rate,
                sent_unit=unit or None,
            )
        )

    def _volume(self, substance: str) -> None:
        amount, written = (
            number_of(self.dosage.dose).value,
            written_unit(self.dosage.dose, self.units),
        )
        ucum = canonical_unit(self.units.get(written, written))
        if amount is None or ucum is None or UNITS[ucum].dimension != "volume":
            return
        volume, odd = millilitres(self.telling, amount, written)
        self.telling.tell(
            Fluid(
                **self.telling.common(
                    self.end or self.start, ":fluid", (*self.flags, *odd)
                ),
                direction="in",
                substance=substance,
                volume_ml=volume,
                started_at=self.start.at,
                code=str(self.shared.what.codings[0]),
            )
        )


def _negative() -> InputError:
    return InputError(
        ErrorCode.IMPOSSIBLE_VALUE,
        "A dose or rate is negative.",
        "Correct it at the source.",
    )


def _of(telling: Telling, resource: Medicated) -> Product | None:
    """What it is about, of a patient who is known."""
    if not telling.whose(resource.subject, resource.encounter or resource.context):
        return None
    what = product(telling, resource)
    if what is None and not telling.waits_for:
        telling.fault(
            "medication",
            ErrorCode.MISSING_VALUE,
            "No code says which drug it is.",
            "Send a code; free text is not read.",
        )
    return what


def _order(telling: Telling, key: str | None) -> str | None:
    """What ties the stages of one order together: the event id of its request."""
    kind, _, number = (key or "").partition("/")
    return f"{kind}:{telling.desk.reference_name(kind, number)}" if number else None


def _route(telling: Telling, doses: Sequence[DosageInstruction]) -> str | None:
    concepts: list[Concept | None] = [one.route for one in doses]
    return route_code(telling, *concepts)


def _period(resource: MedicationRequest) -> Period | None:
    """From when until when it is to be given."""
    for one in resource.dosage_instruction:
        bounds = one.timing and one.timing.repeat and one.timing.repeat.bounds_period
        if bounds:
            return bounds
    asked = resource.dispense_request
    return asked.validity_period if asked else None


def _stopped(
    telling: Telling, resource: MedicationRequest, end: When | None
) -> When | None:
    """When an order that is over was over."""
    if (resource.status or "") not in _OVER:
        return None
    changed = telling.time(resource.status_changed, "statusChanged")
    return (changed or end) if resource.status == "stopped" else end
