"""Sequential Organ Failure Assessment (1996), hour by hour.

Vincent JL et al., Intensive Care Med 1996;22:707-710; hourly as in mimic-code's
`sofa.sql` (MIT, github.com/MIT-LCP/mimic-code).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.scores.chart import Scope
from streams.clinical.scores.hours import end_of, hour_of
from streams.clinical.scores.organ import ORGANS, OrganHour
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.reach import sofa_rules
from streams.clinical.scores.sheet import Sheet
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Clinical, Encounter
from streams.vocabulary.messages import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class SofaHour:
    """One row: an hour's facts, and the worst of the 24 hours that end with it."""

    encounter: str | None
    stay: str | None
    hr: int
    """Hours since the first row of the stay."""
    start: datetime
    end: datetime
    organs: tuple[OrganHour, ...]
    """The hour itself, in the order of `ORGANS`."""
    day: tuple[Component, ...]
    """The worst of 24 hours, in the same order."""
    missing: tuple[str, ...]
    """Inputs never seen in the 24 hours."""

    @property
    def total(self) -> int:
        """The points that the facts of 24 hours establish."""
        return sum(c.points or 0 for c in self.day)

    @property
    def lower(self) -> int:
        """The least the total can be."""
        return sum(c.lower for c in self.day)

    @property
    def upper(self) -> int:
        """The most the total can be, given what is missing."""
        return sum(c.upper for c in self.day)


def hourly_sofa(
    timeline: Timeline, *, policy: SofaPolicy, now: datetime | None = None
) -> tuple[SofaHour, ...]:
    """Every row of every stay, of the facts that have happened by `now`.

    By ICU stay only hours that are over have a row; by hospital stay the hour of `now`
    has one too.
    """
    if policy.hours == "icu_stay":
        return tuple(_icu_rows(timeline, policy, now))
    return tuple(_encounter_rows(timeline, policy, now))


def _icu_rows(
    timeline: Timeline, policy: SofaPolicy, now: datetime | None
) -> Iterator[SofaHour]:
    for stay in unit_stays(timeline, now):
        scope = Scope(stay.stay, stay.encounter)
        sheet = Sheet(timeline, policy, scope=scope, now=now)
        for hour in sheet.grid:
            if now is None or end_of(hour) <= now:
                yield _row(sheet, hour, hour - sheet.grid.start, scope)


def _encounter_rows(
    timeline: Timeline, policy: SofaPolicy, now: datetime | None
) -> Iterator[SofaHour]:
    sheet = Sheet(timeline, policy, now=now)
    stays = unit_stays(timeline, now)
    for encounter, first, last in _spans(timeline, policy, now):
        for hour in range(hour_of(first), hour_of(last) + 1):
            scope = Scope(_stay_at(stays, end_of(hour)), encounter)
            yield _row(sheet, hour, hour - hour_of(first), scope)


def _row(sheet: Sheet, hour: int, hr: int, scope: Scope) -> SofaHour:
    day = sheet.day(hour)
    return SofaHour(
        encounter=scope.encounter,
        stay=scope.stay,
        hr=hr,
        start=end_of(hour) - HOUR,
        end=end_of(hour),
        organs=tuple(sheet.row(organ, hour) for organ in range(len(ORGANS))),
        day=day.components,
        missing=day.missing,
    )


def _spans(
    timeline: Timeline, policy: SofaPolicy, now: datetime | None
) -> list[tuple[str | None, datetime, datetime]]:
    """The hospital stays, each from its first fact that matters to its last.

    What was filed under no stay opens none, unless the record names no stay at all.
    """
    spans: dict[str | None, tuple[datetime, datetime]] = {}
    for fact in _marking(timeline, policy):
        if now is not None and fact.happened_at > now:
            continue
        first, last = spans.get(fact.encounter, (fact.happened_at, fact.happened_at))
        spans[fact.encounter] = (
            min(first, fact.happened_at),
            max(last, fact.happened_at),
        )
    named = {key: span for key, span in spans.items() if key is not None}
    ordered = sorted((named or spans).items(), key=lambda item: (item[1], item[0]))
    return [(key, first, last) for key, (first, last) in ordered]


def _marking(timeline: Timeline, policy: SofaPolicy) -> Iterator[Clinical]:
    for name in sofa_rules(policy):
        yield from timeline.lane(name).all()
    yield from timeline.all(Encounter, "encounter")


def _stay_at(stays: tuple[UnitStay, ...], moment: datetime) -> str | None:
    return next((stay.stay for stay in stays if stay.holds(moment)), None)
