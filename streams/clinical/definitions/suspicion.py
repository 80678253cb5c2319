"""Suspected infection: an antimicrobial and a culture close to each other.

Seymour CW et al., JAMA 2016;315:762-774; exact windows and the choice among several
cultures as in mimic-code's `suspicion_of_infection.sql` (MIT).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.scores.chart import back
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import (
    Clinical,
    CultureCollected,
    Medication,
)
from streams.vocabulary.facts import Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One antimicrobial that was paired with a culture."""

    suspected_at: datetime
    antimicrobial_at: datetime
    culture_at: datetime
    """Midnight of its day where `date_only`."""
    antimicrobial_id: str
    culture_id: str
    """Event ids."""
    culture_first: bool
    date_only: bool
    encounter: str | None
    """The antimicrobial's, or else the culture's."""
    stay: str | None
    """The ICU stay in which the antimicrobial began."""
    evident_at: datetime
    """When all that it takes had happened: the drug, the culture, further doses."""


@part
def suspicions(
    timeline: Timeline, *, policy: SuspicionPolicy, now: datetime | None = None
) -> tuple[Suspicion, ...]:
    """Every antimicrobial begun by `now` that pairs with a culture taken by `now`."""
    stays = unit_stays(timeline, now)
    found = (
        _suspicion(timeline, policy, drug, stays, now)
        for drug in timeline.all(Medication, "medication")
        if is_antimicrobial(drug, policy) and (now is None or drug.happened_at <= now)
    )
    return tuple(sorted((s for s in found if s is not None), key=_order))


def is_antimicrobial(fact: Clinical, policy: SuspicionPolicy) -> bool:
    """Whether this is the start of a systemic antimicrobial; unknown is no."""
    return (
        isinstance(fact, Medication)
        and fact.antimicrobial is True
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
        found.antimicrobial_at,
        found.culture_at,
        found.antimicrobial_id,
    )


def _suspicion(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    stays: Sequence[UnitStay],
    now: datetime | None,
) -> Suspicion | None:
    cultures = _near(timeline, policy, drug, now)
    before = _first(c for c in cultures if _came_before(c, drug, policy))
    culture = before or _first(c for c in cultures if _came_after(c, drug, policy))
    enough = _enough_doses_at(timeline, policy, drug, now)
    if culture is None or enough is None:
        return None
    start = drug.happened_at
    encounter = drug.encounter or culture.encounter
    return Suspicion(
        suspected_at=culture.happened_at if before else start,
        antimicrobial_at=start,
        culture_at=culture.happened_at,
        antimicrobial_id=drug.event_id,
        culture_id=culture.event_id,
        culture_first=before is not None,
        date_only=_is_date(culture),
        encounter=encounter,
        stay=_stay(stays, drug, start),
        evident_at=max(enough, culture.happened_at),
    )


def _enough_doses_at(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    now: datetime | None,
) -> datetime | None:
    """When the last of the doses that it takes was there; None where it is not."""
    start, further = drug.happened_at, policy.doses - 1
    if further <= 0:
        return start
    last = start + policy.doses_within
    later = [
        fact.happened_at
        for fact in timeline.between(
            Medication,
            "medication",
            back(start + policy.doses_after),
            last if now is None else min(now, last),
        )
        if is_antimicrobial(fact, policy) and fact.event_id != drug.event_id
    ]
    return later[further - 1] if len(later) >= further else None


def _near(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    now: datetime | None,
) -> list[CultureCollected]:
    first = back(drug.happened_at - policy.culture_then - DAY)
    last = drug.happened_at + policy.antimicrobial_then + DAY
    last = last if now is None else min(now, last)
    found = timeline.between(CultureCollected, "culture_collected", first, last)
    return [
        c
        for c in found
        if is_culture(c, policy)
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


def _first(cultures: Iterable[CultureCollected]) -> CultureCollected | None:
    """The earliest; on one day a known time goes before a bare date."""
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


def _stay(stays: Sequence[UnitStay], drug: Medication, at: datetime) -> str | None:
    same = (s for s in stays if s.encounter == drug.encounter and s.holds(at))
    return next((s.stay for s in same), None)
