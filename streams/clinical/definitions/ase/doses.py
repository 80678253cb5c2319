"""Days on which a drug of the list was given, and the courses they make.

By mouth and by vein are one drug, but for vancomycin (p. 7): by mouth it treats the
gut only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from streams.clinical.definitions.ase.days import HospitalDays, later
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.stays import FOREVER
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.antimicrobials import (
    Antimicrobial,
    Route,
    recognise,
    route_of,
)
from streams.vocabulary.events import Medication


NEW_AFTER = 3
"""Dates so far apart leave two days between without a dose: the drug is new again; a
single day without one belongs to the course (p. 6-7)."""

_TWO_DRUGS = frozenset({"vancomycin"})
"""Drugs that are another drug by mouth."""


@dataclass(frozen=True, slots=True, order=True)
class Dose:
    """One administration, or one day of an order."""

    at: datetime
    event_id: str
    day: date
    drug: str
    parenteral: bool


@dataclass(frozen=True, slots=True)
class Course:
    """Doses of one drug with no more than one day between."""

    drug: str
    doses: tuple[Dose, ...]

    @property
    def first(self) -> date:
        """The day on which the drug was new."""
        return self.doses[0].day

    @property
    def last(self) -> date:
        """The day of the last dose so far."""
        return self.doses[-1].day

    def covers(self, day: date) -> bool:
        """Whether a dose was given, or the day lies between two that were."""
        return self.first <= day <= self.last


@part
def doses(
    timeline: Timeline,
    days: HospitalDays,
    policy: AsePolicy,
    after: datetime,
    until: datetime,
) -> tuple[Dose, ...]:
    """Doses that count, `after < at <= until`, by time."""
    if policy.doses == "ordered":
        orders = timeline.between(Medication, "medication", ALWAYS, until)
        return tuple(sorted(_ordered(orders, days, policy, after, until)))
    facts = timeline.sifted(Medication, "medication", _may_count, after, until)
    return tuple(sorted(_given(facts, days, policy)))


def stages_told(timeline: Timeline, policy: AsePolicy) -> frozenset[str]:
    """What the record tells of drugs of the list: `ordered`, `given`, `stopped`."""
    return frozenset(
        fact.stage
        for fact in timeline.all(Medication, "medication")
        if _counted(fact, policy) is not None
    )


def courses(given: Iterable[Dose]) -> tuple[Course, ...]:
    """The courses of all drugs, by their first dose."""
    by_drug: dict[str, list[list[Dose]]] = {}
    for dose in given:
        runs = by_drug.setdefault(dose.drug, [])
        if runs and (dose.day - runs[-1][-1].day).days < NEW_AFTER:
            runs[-1].append(dose)
        else:
            runs.append([dose])
    found = [Course(d, tuple(run)) for d, runs in by_drug.items() for run in runs]
    return tuple(sorted(found, key=lambda course: course.doses[0]))


def _may_count(fact: Medication) -> bool:
    """Whether it was given, and is or may be an antimicrobial."""
    return fact.stage == "given" and fact.antimicrobial is not False


def _given(
    facts: Sequence[Medication], days: HospitalDays, policy: AsePolicy
) -> Iterator[Dose]:
    for fact in facts:
        counted = _counted(fact, policy)
        if counted is not None:
            yield _dose(fact, counted, days.of_fact(fact), fact.happened_at)


def _ordered(
    facts: Sequence[Medication],
    days: HospitalDays,
    policy: AsePolicy,
    after: datetime,
    until: datetime,
) -> Iterator[Dose]:
    """A dose for each day of an order that has come, `after < at`.

    An order that ends at once or before it begins is its first day; so is one without
    an end, where nothing tells how far time has come.
    What was over long before is passed over: a record holds years of orders.
    """
    before = days.of(after)
    stops = {f.order_id or "": f.happened_at for f in facts if f.stage == "stopped"}
    stops.pop("", None)
    for fact in facts:
        counted = _counted(fact, policy) if fact.stage == "ordered" else None
        if counted is None:
            continue
        first = days.of_fact(fact)
        if fact.happened_at > after:
            yield _dose(fact, counted, first, fact.happened_at)
        open_until = fact.happened_at if until == FOREVER else until
        end = stops.get(fact.order_id or "", open_until)
        for day, at in _midnights(days, max(first, before), end):
            yield _dose(fact, counted, day, at)


def _midnights(
    days: HospitalDays, day: date, end: datetime
) -> Iterator[tuple[date, datetime]]:
    """The days after this one that begin before `end`."""
    while (at := days.start(later(day, 1))) < end:
        day = later(day, 1)
        yield day, at


_Counted = tuple[Antimicrobial, Route]


def _counted(fact: Medication, policy: AsePolicy) -> _Counted | None:
    """The drug and how it was given, where the list has it so."""
    if fact.antimicrobial is False:
        return None
    drug = recognise(fact.drug, fact.sent_drug)
    if drug is None or drug.listed not in policy.antimicrobials:
        return None
    route = route_of(fact.route) or _listed_route(drug, policy)
    return (drug, route) if route is not None and drug.counts_by(route) else None


def _listed_route(drug: Antimicrobial, policy: AsePolicy) -> Route | None:
    if policy.unknown_route == "leave_out":
        return None
    return "enteral" if drug.enteral else "parenteral"


def _dose(fact: Medication, counted: _Counted, day: date, at: datetime) -> Dose:
    drug, route = counted
    name = f"{drug.name} {route}" if drug.name in _TWO_DRUGS else drug.name
    return Dose(at, fact.event_id, day, name, route == "parenteral")
