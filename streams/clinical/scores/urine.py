"""A day's urine, told from the volumes of the 23 hours before each charting.

mimic-code `urine_output_rate.sql`, `sofa.sql`: the volumes of the rows of the last 23
hours, over the time since the row before them, scaled to 24 hours; told only where
that time is between 22 and 30 hours.
Irrigation fluid that went in is taken off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.hours import minutes_crossed
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import Fluid, Measurement


URINE, IRRIGANT = "urine", "gu_irrigant"
_DAY = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class DayVolume:
    """The urine of the day that ends at `at`, in mL per 24 hours."""

    at: datetime
    volume: float
    evidence: tuple[str, ...]


def day_volumes(chart: Chart, after: datetime, until: datetime) -> list[DayVolume]:
    """What each charting of urine in `(after, until]` tells of the day before it."""
    moments = sorted({f.happened_at for f in _volumes(chart, after, until)})
    told = (_day_volume(chart, moment) for moment in moments)
    return [day for day in told if day is not None]


def charted_volumes(
    chart: Chart, after: datetime, until: datetime
) -> list[tuple[Fluid, float]]:
    """Each volume charted, and what it adds to the urine in mL."""
    return [(f, _signed(f)) for f in _volumes(chart, after, until)]


def first_heart_rate(chart: Chart) -> datetime | None:
    """The first moment at which a heart rate of this stay was charted."""
    for fact in chart.timeline.all(Measurement, "measurement:heart_rate"):
        if not chart.has_happened(fact):
            break
        if fact.stay == chart.scope.stay and chart.counts(fact.code):
            return fact.happened_at
    return None


def _day_volume(chart: Chart, at: datetime) -> DayVolume | None:
    rows = list(_volumes(chart, back(at - _DAY), at))
    first = min(f.happened_at for f in rows)
    since = _last_before(chart, first)
    if since is None and not _is_first(chart, first):
        return None
    if since is None and chart.policy.urine_origin == "first_heart_rate":
        since = first_heart_rate(chart)
        if since is None:
            return None
    if since is None:
        since, rows = first, [f for f in rows if f.happened_at > first]
    hours = minutes_crossed(since, at) / 60.0
    hours = round_half_up(round_half_up(hours, 6), 2)
    low, high = chart.policy.urine_hours
    if not low <= hours <= high:
        return None
    volume = sum(_signed(f) for f in rows) / hours * 24
    return DayVolume(at, volume, tuple(f.event_id for f in rows))


def _volumes(chart: Chart, after: datetime, until: datetime) -> Iterator[Fluid]:
    yield from chart.volumes(URINE, after, until)
    yield from chart.volumes(IRRIGANT, after, until)


def _signed(fact: Fluid) -> float:
    volume = fact.volume_ml or 0.0
    return -volume if fact.direction == "in" and volume > 0 else volume


def _last_before(chart: Chart, moment: datetime) -> datetime | None:
    """The charting before `moment`, where it is near enough to tell a day's urine."""
    reach = timedelta(hours=chart.policy.urine_hours[1] + 1)
    found = [f.happened_at for f in _volumes(chart, moment - reach, back(moment))]
    return max(found, default=None)


def _is_first(chart: Chart, moment: datetime) -> bool:
    """Whether nothing was ever charted before `moment`."""
    return next(_volumes(chart, ALWAYS, back(moment)), None) is None
