"""The patient's last 24 rows of SOFA at a moment, one organ at a time.

`Sheet` tells the same.  Here the rows of a calendar day (UTC) are kept together, so
that a new value is read with its own hour alone, and an organ is looked at again when
one of its rows falls out of the 24, not with each full hour.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import drips
from streams.clinical.scores.hours import EPOCH, end_of, hour_of
from streams.clinical.scores.organ import ORGANS, UNSEEN, OrganHour
from streams.clinical.scores.points import VASOACTIVES
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.sheet import (
    CHARTED,
    DAY_ROWS,
    VESSELS,
    Day,
    OrganDay,
    Sheet,
    is_over,
    row_over,
    whole_day,
    worst_row,
)
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import DAY
from streams.vocabulary.facts import Fact


def day_at(timeline: Timeline, policy: SofaPolicy, at: datetime) -> Day:
    """The patient's 24 rows of which the last is up to `at`, of what happened by it."""
    return whole_day(
        [_organ_at(timeline, organ, policy, at) for organ in range(len(ORGANS))]
    )


@part
def _organ_at(
    timeline: Timeline, organ: int, policy: SofaPolicy, at: datetime
) -> OrganDay:
    if not is_over(organ, policy):
        return Sheet(timeline, policy, now=at).organ_day(organ, hour_of(at), at)
    if organ == VESSELS and _infused(timeline, policy, at):
        return _infused_day(timeline, policy, at)
    today = (at - EPOCH) // DAY
    rows = [
        *_rows_of(timeline, organ, today - 1, policy),
        *_rows_of(timeline, organ, today, policy),
    ]
    first = bisect_left(rows, at, key=lambda row: end_of(row[0] + DAY_ROWS - 1))
    over = bisect_left(rows, at, key=lambda row: end_of(row[0]))
    current = UNSEEN
    if over < len(rows) and at > end_of(rows[over][0] - 1):
        hour, current = rows[over]
        if _something_to_come(timeline, organ, at, end_of(hour)):
            current = Sheet(timeline, policy, now=at).row(organ, hour)
    return worst_row(organ, [*(row for _, row in rows[first:over]), current], policy)


@part
def _rows_of(
    timeline: Timeline, organ: int, day: int, policy: SofaPolicy
) -> tuple[tuple[int, OrganHour], ...]:
    """The rows of a day in which something of the organ was charted, by hour."""
    first = day * DAY_ROWS
    hours = {
        hour_of(fact.happened_at)
        for name in CHARTED[organ]
        for fact in timeline.between(
            Fact, name, end_of(first), end_of(first + DAY_ROWS)
        )
    }
    return tuple(
        [(hour, row_over(timeline, organ, hour, policy)) for hour in sorted(hours)]
    )


def _infused_day(timeline: Timeline, policy: SofaPolicy, at: datetime) -> OrganDay:
    """Infusions run through hours in which nothing was charted."""
    hour = hour_of(at)
    rows = [
        _infused_row(timeline, row, policy, at)
        for row in range(hour - DAY_ROWS + 1, hour)
    ]
    current = Sheet(timeline, policy, now=at).row_until(VESSELS, hour, at)
    return worst_row(VESSELS, [*rows, current], policy)


@part
def _infused_row(
    timeline: Timeline, hour: int, policy: SofaPolicy, at: datetime
) -> OrganHour:
    """A row that is over, with what is known by `at` of what ran through it."""
    return Sheet(timeline, policy, now=at).row(VESSELS, hour)


def _infused(timeline: Timeline, policy: SofaPolicy, at: datetime) -> bool:
    chart = Chart(timeline, policy, now=at)
    return any(drips(chart, drug) for drug in VASOACTIVES)


def _something_to_come(
    timeline: Timeline, organ: int, at: datetime, end: datetime
) -> bool:
    """Whether something is on record of what is left of an hour."""
    return any(timeline.between(Fact, name, at, end) for name in CHARTED[organ])
