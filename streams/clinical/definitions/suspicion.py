"""Suspected infection: an antimicrobial and a culture close to each other.

By policy one of the two alone will do, where a source has no cultures or no drugs.

Seymour CW et al., JAMA 2016;315:762-774; exact windows and the choice among several
cultures as in mimic-code's `suspicion_of_infection.sql` (MIT).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from streams.clinical.definitions.doses import Enough, enough_doses
from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.scores.chart import back
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import (
    Clinical,
    CultureCollected,
    CultureResult,
    Death,
    Encounter,
    Medication,
    VitalStatusContact,
)
from streams.vocabulary.facts import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One antimicrobial that was paired with a culture, or one that stands alone."""

    suspected_at: datetime
    antimicrobial_at: datetime | None
    """None where a culture alone will do."""
    culture_at: datetime | None
    """Midnight of its day where `date_only`; None where a drug alone will do."""
    antimicrobial_id: str | None
    culture_id: str | None
    """Event ids."""
    culture_first: bool
    date_only: bool
    encounter: str | None
    """The antimicrobial's, or else the culture's."""
    stay: str | None
    """The ICU stay in which the antimicrobial began."""
    evident_at: datetime
    """When all that it takes had happened: the drug, the culture, further doses."""
    further: tuple[str, ...] = ()
    """What else it takes: further doses, a result, a death."""

    @property
    def signs(self) -> tuple[str, ...]:
        """The events it rests on: antimicrobial, culture, then all else."""
        both = (self.antimicrobial_id, self.culture_id)
        return (*(sign for sign in both if sign is not None), *self.further)


_END_OF_TIME = datetime.max.replace(tzinfo=UTC)

_Grown = Mapping[str, CultureResult]
"""By culture, the first result in which something grew."""


@part
def suspicions(
    timeline: Timeline, *, policy: SuspicionPolicy, now: datetime | None = None
) -> tuple[Suspicion, ...]:
    """Every antimicrobial begun by `now` that pairs with a culture taken by `now`.

    By policy every antimicrobial or every culture is one by itself.
    """
    stays = unit_stays(timeline, now)
    grown = _grown(timeline, now) if policy.cultures == "positive" else None
    found: list[Suspicion | None] = []
    if policy.mode != "culture":
        found += [
            _of_drug(timeline, policy, drug, stays, grown, now)
            for drug in _begun(timeline, policy, now)
        ]
    if policy.mode in {"culture", "either"}:
        found += [
            _of_culture(culture, stays, grown)
            for culture in timeline.all(CultureCollected, "culture_collected")
            if _counts(culture, policy, grown)
            and (now is None or culture.happened_at <= now)
        ]
    return tuple(sorted((s for s in found if s is not None), key=_order))


@part
def _begun(
    timeline: Timeline, policy: SuspicionPolicy, now: datetime | None
) -> tuple[Medication, ...]:
    """The antimicrobials begun by `now`."""
    drugs = timeline.sifted(
        Medication, "medication", _is_systemic, ALWAYS, now or _END_OF_TIME
    )
    return tuple([drug for drug in drugs if drug.stage in policy.stages])


def _is_systemic(drug: Medication) -> bool:
    """Whether it is a systemic antimicrobial; unknown is no."""
    return drug.antimicrobial is True


def touches(fact: Clinical, policy: SuspicionPolicy) -> bool:
    """Whether a fact may change what is suspected; where the patient lay apart."""
    if is_antimicrobial(fact, policy) or is_culture(fact, policy):
        return True
    if isinstance(fact, CultureResult):
        return policy.cultures == "positive"
    deadly = isinstance(fact, Death | VitalStatusContact | Encounter)
    return deadly and policy.single_dose != "never"


def further_lanes(policy: SuspicionPolicy) -> tuple[str, ...]:
    """The lanes that only some policies read."""
    results = ("culture_result",) if policy.cultures == "positive" else ()
    deaths = ("death", "vital_status") if policy.single_dose != "never" else ()
    return (*results, *deaths)


def is_antimicrobial(fact: Clinical, policy: SuspicionPolicy) -> bool:
    """Whether this is the start of a systemic antimicrobial; unknown is no."""
    return (
        isinstance(fact, Medication)
        and _is_systemic(fact)
        and fact.stage in policy.stages
    )


def is_culture(fact: Clinical, policy: SuspicionPolicy) -> bool:
    """Whether this is a specimen that counts."""
    if not isinstance(fact, CultureCollected):
        return False
    return policy.screens == "count" or "SCREEN" not in fact.specimen.upper()


def _order(found: Suspicion) -> tuple[datetime, datetime, datetime, str]:
    return (
        found.suspected_at,
        found.antimicrobial_at or found.suspected_at,
        found.culture_at or found.suspected_at,
        found.antimicrobial_id or found.culture_id or "",
    )


def _of_drug(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    stays: Sequence[UnitStay],
    grown: _Grown | None,
    now: datetime | None,
) -> Suspicion | None:
    if policy.mode == "both":
        found = _paired(timeline, policy, drug, stays, grown, now)
    else:
        found = _alone(drug, stays)
    if found is None or policy.doses <= 1:
        return found
    enough = enough_doses(timeline, policy, drug, stays, now, is_antimicrobial)
    return None if enough is None else _with(found, enough)


def _alone(drug: Medication, stays: Sequence[UnitStay]) -> Suspicion:
    start = drug.happened_at
    return Suspicion(
        suspected_at=start,
        antimicrobial_at=start,
        culture_at=None,
        antimicrobial_id=drug.event_id,
        culture_id=None,
        culture_first=False,
        date_only=False,
        encounter=drug.encounter,
        stay=_stay(stays, drug),
        evident_at=start,
    )


def _paired(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    stays: Sequence[UnitStay],
    grown: _Grown | None,
    now: datetime | None,
) -> Suspicion | None:
    cultures = _near(timeline, policy, drug, grown, now)
    before = _first([c for c in cultures if _came_before(c, drug, policy)])
    culture = before or _first([c for c in cultures if _came_after(c, drug, policy)])
    if culture is None:
        return None
    told = _told(culture, grown)
    return Suspicion(
        suspected_at=culture.happened_at if before else drug.happened_at,
        antimicrobial_at=drug.happened_at,
        culture_at=culture.happened_at,
        antimicrobial_id=drug.event_id,
        culture_id=culture.event_id,
        culture_first=before is not None,
        date_only=_is_date(culture),
        encounter=drug.encounter or culture.encounter,
        stay=_stay(stays, drug),
        evident_at=max(drug.happened_at, culture.happened_at, *told.values()),
        further=tuple(told),
    )


def _of_culture(
    culture: CultureCollected, stays: Sequence[UnitStay], grown: _Grown | None
) -> Suspicion:
    told = _told(culture, grown)
    return Suspicion(
        suspected_at=culture.happened_at,
        antimicrobial_at=None,
        culture_at=culture.happened_at,
        antimicrobial_id=None,
        culture_id=culture.event_id,
        culture_first=True,
        date_only=_is_date(culture),
        encounter=culture.encounter,
        stay=_stay(stays, culture),
        evident_at=max([culture.happened_at, *told.values()]),
        further=tuple(told),
    )


def _with(found: Suspicion, enough: Enough) -> Suspicion:
    if enough.at <= found.evident_at and not enough.evidence:
        return found
    return replace(
        found,
        evident_at=max(found.evident_at, enough.at),
        further=(*enough.evidence, *found.further),
    )


def _grown(timeline: Timeline, now: datetime | None) -> dict[str, CultureResult]:
    first: dict[str, CultureResult] = {}
    for result in timeline.all(CultureResult, "culture_result"):
        if result.positive is True and (now is None or result.happened_at <= now):
            first.setdefault(result.culture_id, result)
    return first


def _told(culture: CultureCollected, grown: _Grown | None) -> dict[str, datetime]:
    """The result that makes a culture count, where it takes one, and its moment."""
    if grown is None:
        return {}
    result = grown[culture.culture_id]
    return {result.event_id: result.happened_at}


def _counts(
    culture: CultureCollected, policy: SuspicionPolicy, grown: _Grown | None
) -> bool:
    known = grown is None or culture.culture_id in grown
    return known and is_culture(culture, policy)


def _near(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    grown: _Grown | None,
    now: datetime | None,
) -> list[CultureCollected]:
    first = back(drug.happened_at - policy.culture_then - DAY)
    last = drug.happened_at + policy.antimicrobial_then + DAY
    found = timeline.between(CultureCollected, "culture_collected", first, last)
    return [
        c
        for c in found
        if _counts(c, policy, grown)
        and (now is None or c.happened_at <= now)
        and (policy.match == "patient" or c.encounter == drug.encounter)
    ]


def _came_before(
    culture: CultureCollected, drug: Medication, policy: SuspicionPolicy
) -> bool:
    """Whether the antimicrobial followed the culture within its window.

    A date stands for every moment of its day, so the window lasts to the end of the
    last day.
    """
    taken, start = culture.happened_at, drug.happened_at
    if _is_date(culture):
        if policy.date_only == "antimicrobial":
            return False
        return taken <= start < taken + policy.culture_then + DAY
    if taken == start:
        return policy.simultaneous == "culture_first"
    return taken < start <= taken + policy.culture_then


def _came_after(
    culture: CultureCollected, drug: Medication, policy: SuspicionPolicy
) -> bool:
    """Whether suspicion begins with the antimicrobial, and this culture confirms it."""
    taken, start = culture.happened_at, drug.happened_at
    first = taken - policy.antimicrobial_then
    if not _is_date(culture):
        return first <= start < taken
    last = taken + DAY
    if policy.date_only == "antimicrobial":
        last += policy.culture_then
    return first <= start < last


def _first(cultures: Sequence[CultureCollected]) -> CultureCollected | None:
    """The earliest; on one day a known time goes before a bare date."""
    if len(cultures) == 1:
        return cultures[0]
    return min(cultures, key=_culture_order, default=None)


def _culture_order(
    culture: CultureCollected,
) -> tuple[datetime, bool, datetime, int, str]:
    taken = culture.happened_at
    day = taken.replace(hour=0, minute=0, second=0, microsecond=0)
    name = culture.culture_id
    return (day, _is_date(culture), taken, len(name), name)


def _is_date(culture: CultureCollected) -> bool:
    return Flag.DATE_ONLY in culture.flags


def _stay(stays: Sequence[UnitStay], fact: Medication | CultureCollected) -> str | None:
    same = (s for s in stays if s.encounter == fact.encounter)
    return next((s.stay for s in same if s.holds(fact.happened_at)), None)
