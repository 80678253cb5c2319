"""KDIGO's stages by creatinine: each value held against the lowest before it.

The lowest of 7 days and of 48 hours leave out the value itself:
`[t - 7 d, t)` and `[t - 48 h, t)` (mimic-code `kdigo_creatinine.sql`, MIT).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from math import inf, nextafter

from streams.clinical.criteria.intervals import Interval, interval
from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.creatinine_baseline import (
    Baseline,
    admission_baseline,
    admission_of,
    estimated_baseline,
)
from streams.clinical.scores.kdigo_policy import CreatininePolicy
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import Measurement
from streams.vocabulary.facts import Flag


LONG, SHORT = 7 * DAY, 48 * HOUR
_HIGHEST = 150.0
"""mg/dL; above it is no result (mimic-code)."""
_FOREVER = datetime.max.replace(tzinfo=UTC)
_SMALLEST = 1e-9
"""What two numbers may differ by and be the same number written in binary."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One published table: the rise, the high value, and its unit's worth of 1 mg/dL."""

    rise: float
    high: float
    per_mg_dl: float


THRESHOLDS = {
    "mg/dL": Thresholds(0.3, 4.0, 1.0),
    "umol/L": Thresholds(26.5, 353.6, 88.42),
}
"""KDIGO 2012, table 2; both units are printed there."""

RATIOS = ((3.0, 3), (2.0, 2), (1.5, 1))
"""Times the baseline, and the stage."""


@dataclass(frozen=True, slots=True)
class Creatinine:
    """The creatinine of one moment in mg/dL: the mean of what was measured then."""

    at: datetime
    low: float
    high: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatinineStage:
    """One creatinine, what it is held against, and what follows."""

    at: datetime
    value: Creatinine
    low_7_days: float | None
    low_48_hours: float | None
    """mg/dL; None where nothing was measured."""
    baseline: Baseline | None
    """What the ratio was taken to."""
    points: int | None
    """The stage that is established; None where nothing but its bounds can be said."""
    lower: int
    upper: int
    evidence: tuple[str, ...]
    """The value, then what it was held against."""


def creatinines(
    chart: Chart, policy: CreatininePolicy, after: datetime, until: datetime
) -> list[Creatinine]:
    """One for each moment in `(after, until]` at which it was measured."""
    counted = [
        fact
        for fact in chart.numbers("creatinine", after, until)
        if chart.has_happened(fact) and _counts(fact, policy)
    ]
    by_moment = groupby(counted, key=lambda fact: fact.happened_at)
    return [_mean(at, list(facts), policy) for at, facts in by_moment]


def creatinine_stages(
    chart: Chart,
    policy: CreatininePolicy,
    measured: Sequence[Creatinine],
    after: datetime,
) -> list[CreatinineStage]:
    """The stage of each of them later than `after`; the others are references only."""
    return [
        _staged(chart, policy, one, measured[:index])
        for index, one in enumerate(measured)
        if one.at > after
    ]


def stage_of(
    value: float, baseline: float, low_48_hours: float, policy: CreatininePolicy
) -> int:
    """The stage of a creatinine, all in mg/dL; `inf` stands for no reference."""
    table = THRESHOLDS[policy.unit]
    exact = policy.arithmetic == "exact"
    here, base, low = (
        round(x * table.per_mg_dl, 6) if exact else x * table.per_mg_dl
        for x in (value, baseline, low_48_hours)
    )

    def reaches(threshold: float) -> bool:
        return here >= (threshold - _SMALLEST if exact else threshold)

    risen = reaches(low + table.rise)
    if reaches(base * 3.0) or (
        reaches(table.high) and (_rose(low, risen, policy) or reaches(1.5 * base))
    ):
        return 3
    stage = next((points for times, points in RATIOS if reaches(base * times)), 0)
    return max(stage, 1) if risen else stage


def _rose(low: float, risen: bool, policy: CreatininePolicy) -> bool:
    """What 4.0 mg/dL must come with, unless it is 1.5 times the baseline."""
    if policy.stage_3_rise == "rise_of_0.3":
        return risen
    table = THRESHOLDS[policy.unit]
    return low <= table.high - table.rise


def _counts(fact: Measurement, policy: CreatininePolicy) -> bool:
    if policy.codes is not None and fact.code not in policy.codes:
        return False
    if policy.implausible == "leave_out" and Flag.IMPLAUSIBLE in fact.flags:
        return False
    return fact.value is not None and fact.value <= _HIGHEST


def _mean(
    at: datetime, facts: Sequence[Measurement], policy: CreatininePolicy
) -> Creatinine:
    ends = [_ends(fact, policy) for fact in facts]
    low = sum(end[0] for end in ends) / len(ends)
    high = sum(end[1] for end in ends) / len(ends)
    return Creatinine(at, low, high, tuple(fact.event_id for fact in facts))


def _ends(fact: Measurement, policy: CreatininePolicy) -> tuple[float, float]:
    """The least and the most it can be, both included."""
    value = fact.value or 0.0
    if policy.censored == "bound":
        return value, value
    reach = interval(value, fact.comparator, fact.upper)
    low = nextafter(reach.low, inf) if reach.low_open else reach.low
    high = nextafter(reach.high, -inf) if reach.high_open else reach.high
    return max(0.0, low), min(_HIGHEST, high)


def _staged(
    chart: Chart,
    policy: CreatininePolicy,
    one: Creatinine,
    before: Sequence[Creatinine],
) -> CreatinineStage:
    week, short = _lowest(before, one.at, LONG), _lowest(before, one.at, SHORT)
    baseline = _baseline(chart, policy, one.at, week)
    base = _reference(None if baseline is None else baseline.range, policy)
    low = _reference(_range(short), policy)
    lower = stage_of(one.low, base.high, low.high, policy)
    upper = stage_of(one.high, base.low, low.low, policy)
    told = baseline is not None or policy.without_prior == "stage_0"
    held_to = () if baseline is None else baseline.evidence
    return CreatinineStage(
        at=one.at,
        value=one,
        low_7_days=None if week is None else week.low,
        low_48_hours=None if short is None else short.low,
        baseline=baseline,
        points=lower if told or lower else None,
        lower=lower,
        upper=upper,
        evidence=tuple(
            dict.fromkeys(
                (*one.evidence, *held_to, *(() if short is None else short.evidence))
            )
        ),
    )


def _lowest(
    before: Sequence[Creatinine], at: datetime, window: timedelta
) -> Creatinine | None:
    """The lowest within `[at - window, at)`."""
    return _least([one for one in before if at - window <= one.at < at])


def _least(found: Sequence[Creatinine]) -> Creatinine | None:
    """The lowest; of censored values the least of each end."""
    if not found:
        return None
    lowest = min(found, key=lambda one: (one.low, one.at))
    high = min(one.high for one in found)
    return Creatinine(lowest.at, lowest.low, high, lowest.evidence)


def _baseline(
    chart: Chart, policy: CreatininePolicy, at: datetime, week: Creatinine | None
) -> Baseline | None:
    if policy.baseline == "admission":
        return _of_admission(chart, policy, at)
    if week is not None:
        return Baseline(Interval(week.low, week.high), "lowest_7_days", week.evidence)
    if policy.baseline == "lowest_or_estimated":
        return estimated_baseline(chart.timeline, at)
    return None


def _of_admission(
    chart: Chart, policy: CreatininePolicy, at: datetime
) -> Baseline | None:
    """The lowest of the whole stay as far as it is told, also of after the value."""
    stay = admission_of(chart.timeline, at, chart.now, chart.scope.encounter)
    until = _FOREVER if chart.now is None else chart.now
    if stay is not None and stay.left is not None:
        until = stay.left
    measured = (
        [] if stay is None else creatinines(chart, policy, back(stay.came), until)
    )
    lowest = _least(measured)
    evidence = () if lowest is None else lowest.evidence
    over = stay is not None and stay.left is not None
    return admission_baseline(
        chart.timeline, at, _range(lowest), evidence, by=max(at, until), over=over
    )


def _range(one: Creatinine | None) -> Interval | None:
    return None if one is None else Interval(one.low, one.high)


def _reference(known: Interval | None, policy: CreatininePolicy) -> Interval:
    """What is not known is anything; mimic-code takes it for out of reach."""
    if known is not None:
        return known
    return Interval(inf if policy.without_prior == "stage_0" else 0.0, inf)
