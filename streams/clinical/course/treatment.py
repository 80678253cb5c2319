"""Systemic antimicrobials as courses: treatment without a long pause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from streams.clinical.course.secondary_policy import SecondaryPolicy
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS, death_on_record
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Encounter, Medication


ANTIHERPETIC = (
    "aciclovir",
    "acyclovir",
    "valaciclovir",
    "valacyclovir",
    "ganciclovir",
    "valganciclovir",
    "foscarnet",
    "cidofovir",
    "letermovir",
    "maribavir",
)
"""Given against herpesviruses; lower case, as the drug's name begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Treatment from the first dose to the last."""

    starts: datetime
    last: datetime
    """The last dose, or `now` while an order runs."""
    given: tuple[datetime, ...]
    """The first moment of each day (of 24 hours from its start) with any of it."""
    drugs: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def days(self) -> int:
        """On how many days it was given."""
        return len(self.given)

    @property
    def is_antiherpetic(self) -> bool:
        """Whether nothing else was given."""
        return all(drug.startswith(ANTIHERPETIC) for drug in self.drugs)


@dataclass(frozen=True, slots=True)
class _Cover:
    drug: str
    starts: datetime
    ends: datetime
    evidence: str


@dataclass(frozen=True, slots=True)
class _Treated:
    """A dose, or an order that lasts until the first of its ends."""

    drug: str
    starts: datetime
    lasts: bool
    ends: tuple[datetime, ...]
    evidence: str


def courses(
    timeline: Timeline, policy: SecondaryPolicy, now: datetime
) -> tuple[Course, ...]:
    """The courses begun by `now`, whatever the drug, apart by a pause."""
    return tuple(_chained(_covers(timeline, policy, now), policy.pause))


def courses_by_drug(
    timeline: Timeline, policy: SecondaryPolicy, now: datetime
) -> tuple[Course, ...]:
    """The courses of each drug by itself."""
    covers = sorted(_covers(timeline, policy, now), key=lambda one: one.drug)
    found = [
        course
        for _, own in groupby(covers, key=lambda one: one.drug)
        for course in _chained(list(own), policy.pause)
    ]
    return tuple(sorted(found, key=lambda one: (one.starts, one.drugs)))


def _covers(timeline: Timeline, policy: SecondaryPolicy, now: datetime) -> list[_Cover]:
    """When each dose was given and each order ran."""
    return [
        _Cover(
            one.drug,
            one.starts,
            max(one.starts, min([*one.ends, now])) if one.lasts else one.starts,
            one.evidence,
        )
        for one in _treated(timeline, policy, now)
        if one.starts <= now
    ]


@part
def _treated(
    timeline: Timeline, policy: SecondaryPolicy, now: datetime
) -> tuple[_Treated, ...]:
    """Each dose and each order on record by `now`, and all that may end it.

    An order runs until it is stopped, the stay ends or the patient dies: feeds forget
    to stop what a discharge has ended.
    """
    facts = timeline.sifted(Medication, "medication", _begins_or_ends, ALWAYS, now)
    stops = {
        fact.order_id: fact.happened_at
        for fact in facts
        if fact.stage == "stopped" and fact.order_id is not None
    }
    left = {
        fact.encounter: fact.happened_at
        for fact in timeline.between(Encounter, "encounter", ALWAYS, now)
        if fact.phase == "discharged" and fact.encounter is not None
    }
    dying = death_on_record(timeline, now)
    return tuple(
        [
            _treatment(
                fact,
                stops.get(fact.order_id or ""),
                left.get(fact.encounter or ""),
                None if dying is None else dying.latest,
            )
            for fact in facts
            if fact.antimicrobial is True and fact.stage in policy.stages
        ]
    )


def _begins_or_ends(fact: Medication) -> bool:
    return fact.antimicrobial is True or fact.stage == "stopped"


def _treatment(fact: Medication, *stopped: datetime | None) -> _Treated:
    starts = fact.happened_at
    drug = (fact.drug or fact.sent_drug).casefold()
    lasts = fact.stage == "ordered"
    if lasts:
        starts = max(starts, fact.planned_start or starts)
    ends = [end for end in (fact.planned_stop, *stopped) if lasts and end is not None]
    return _Treated(drug, starts, lasts, tuple(ends), fact.event_id)


def _chained(covers: Iterable[_Cover], pause: timedelta) -> list[Course]:
    chains: list[list[_Cover]] = []
    until: datetime | None = None
    for cover in sorted(covers, key=lambda one: (one.starts, one.evidence)):
        if until is None or cover.starts - until >= pause:
            chains.append([])
            until = cover.ends
        chains[-1].append(cover)
        until = max(until, cover.ends)
    return [_course(chain) for chain in chains]


def _course(chain: Sequence[_Cover]) -> Course:
    starts = chain[0].starts
    first: dict[int, datetime] = {}
    for cover in chain:
        for day in range(
            (cover.starts - starts) // DAY, (cover.ends - starts) // DAY + 1
        ):
            moment = max(cover.starts, starts + day * DAY)
            first[day] = min(moment, first.get(day, moment))
    return Course(
        starts=starts,
        last=max(cover.ends for cover in chain),
        given=tuple(first[day] for day in sorted(first)),
        drugs=tuple(dict.fromkeys(cover.drug for cover in chain)),
        evidence=tuple(cover.evidence for cover in chain),
    )
