"""Mean arterial pressure: as measured, or from systolic and diastolic pressure.

DBP + (SBP - DBP) / 3, as in phoenix (dewittpe/phoenix 1.1.1, MIT); a pair whose
systolic pressure is not above the diastolic one is an error and gives no mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from streams.clinical.criteria.intervals import Interval, interval
from streams.clinical.scores.bedside import recent
from streams.clinical.scores.latest import last_told
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Measurement
from streams.vocabulary.facts import Flag


How = Literal["measured", "computed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PressurePolicy:
    """One reading of the mean pressure."""

    source: Literal["measured_first", "measured", "computed"] = "measured_first"
    """The mean as given, and the computed one where none was given at that moment
    (phoenix); only the given one (mimic-code); only the computed one."""

    sites: Literal["arterial_first", "averaged"] = "arterial_first"
    """Several means of one moment: an arterial line before a cuff before a site not
    told, and of one site the lowest; or the average of all (mimic-code
    `vitalsign.sql`)."""

    within: timedelta = 12 * HOUR
    """How old the latest mean may be (as for NEWS2)."""

    limits: tuple[float, float] = (0.0, 300.0)
    """A mean, given or computed, counts between these, both excluded (mimic-code)."""

    implausible: Literal["count", "leave_out"] = "count"
    """Values flagged as outside what other projects accept."""


PRESSURE = PressurePolicy()
MIMIC_PRESSURE = PressurePolicy(source="measured", sites="averaged")

SPEC = Specification(
    name="mean_pressure",
    title="Mean arterial pressure",
    version="2024",
    grade=Grade.VERIFIED,
    grade_reason="Formula and order of sources were read in the phoenix package.",
    rule=(
        "The measured mean where there is one, from an arterial line rather than a "
        "cuff; else diastolic pressure plus a third of the pulse pressure of a pair "
        "taken at one moment at one site. A pair whose systolic pressure is not above "
        "its diastolic pressure is left out."
    ),
    sources=("dewittpe/phoenix 1.1.1, commit a0cfe04, MIT",),
    inputs=("measurement:map", "measurement:sbp", "measurement:dbp"),
    choices=(
        Choice(
            argument="source",
            default="measured_first",
            readings="measured_first (phoenix); measured (mimic-code); computed",
        ),
        Choice(
            argument="sites",
            default="arterial_first",
            readings="arterial_first (ours); averaged (mimic-code vitalsign.sql)",
        ),
        Choice(
            argument="within",
            default="12 h",
            readings="12 h (ours, as for news2): how old the latest mean may be",
        ),
        Choice(
            argument="limits",
            default="0, 300",
            readings="mmHg, both excluded: mimic-code vitalsign.sql",
        ),
        Choice(
            argument="implausible",
            default="count",
            readings="count (ours: the sickest have such values); leave_out",
        ),
    ),
    traps=(
        "Averaging a line and a cuff hides a line that has clotted or fallen.",
        "A cuff's mean is measured, its systolic and diastolic pressure are derived.",
    ),
)


@dataclass(frozen=True, slots=True)
class MeanPressure:
    """The mean at one moment, mmHg."""

    at: datetime
    range: Interval
    how: How
    method: str | None
    """`arterial_line`, `noninvasive`; None where not told, or of both."""
    evidence: tuple[str, ...]


_SITES = ("arterial_line", "noninvasive")


def computed_mean(systolic: float, diastolic: float) -> float | None:
    """The mean of a pair in mmHg; None for one that cannot be."""
    if systolic <= diastolic:
        return None
    return diastolic + (systolic - diastolic) / 3


def mean_pressures(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    *,
    policy: PressurePolicy = PRESSURE,
) -> tuple[MeanPressure, ...]:
    """One mean for each moment with `after < t <= until` that has any, by time."""
    found = [*_measured(timeline, after, until, policy)]
    found += _computed(timeline, after, until, policy)
    found = [mean for mean in found if _possible(mean, policy)]
    found.sort(key=lambda mean: mean.at)
    moments = groupby(found, key=lambda mean: mean.at)
    return tuple(_of_moment(list(means), policy) for _, means in moments)


def mean_pressure(
    timeline: Timeline, at: datetime, *, policy: PressurePolicy = PRESSURE
) -> MeanPressure | None:
    """The latest mean that is not too old."""
    window = recent(at, policy.within)
    lanes = ("measurement:map", "measurement:sbp", "measurement:dbp")
    found = last_told(
        timeline,
        lanes,
        window.after,
        window.until,
        lambda after, until: mean_pressures(timeline, after, until, policy=policy),
    )
    return found[-1] if found else None


def _measured(
    timeline: Timeline, after: datetime, until: datetime, policy: PressurePolicy
) -> Iterator[MeanPressure]:
    if policy.source == "computed":
        return
    for fact in _numbers(timeline, "map", after, until, policy):
        yield MeanPressure(
            fact.happened_at, _range(fact), "measured", fact.method, (fact.event_id,)
        )


def _computed(
    timeline: Timeline, after: datetime, until: datetime, policy: PressurePolicy
) -> Iterator[MeanPressure]:
    """Of each moment and site; of several values there the lowest (the worst)."""
    if policy.source == "measured":
        return
    systolic = _lowest(_numbers(timeline, "sbp", after, until, policy))
    diastolic = _lowest(_numbers(timeline, "dbp", after, until, policy))
    for place in systolic.keys() & diastolic.keys():
        upper, lower = systolic[place], diastolic[place]
        mean = _mean_of(_range(upper), _range(lower))
        if mean is not None:
            evidence = (upper.event_id, lower.event_id)
            yield MeanPressure(place[0], mean, "computed", place[1], evidence)


_Place = tuple[datetime, str | None, str | None]


def _lowest(facts: Sequence[Measurement]) -> dict[_Place, Measurement]:
    """By moment, site and stay."""
    found: dict[_Place, Measurement] = {}
    for fact in facts:
        place = (fact.happened_at, fact.method, fact.stay)
        held = found.get(place)
        if held is None or _range(fact).low < _range(held).low:
            found[place] = fact
    return found


def _mean_of(systolic: Interval, diastolic: Interval) -> Interval | None:
    """The ends are the means of the ends: the mean rises with both pressures."""
    low = computed_mean(systolic.low, diastolic.low)
    high = computed_mean(systolic.high, diastolic.high)
    if low is None or high is None or systolic.low <= diastolic.high:
        return None
    return Interval(
        low,
        high,
        systolic.low_open or diastolic.low_open,
        systolic.high_open or diastolic.high_open,
    )


def _of_moment(means: Sequence[MeanPressure], policy: PressurePolicy) -> MeanPressure:
    measured = [mean for mean in means if mean.how == "measured"]
    best = measured or list(means)
    if policy.sites == "averaged":
        return _averaged(best)
    return min(best, key=lambda mean: (_rank(mean), mean.range.low, mean.evidence))


def _rank(mean: MeanPressure) -> int:
    return _SITES.index(mean.method) if mean.method in _SITES else len(_SITES)


def _averaged(means: Sequence[MeanPressure]) -> MeanPressure:
    low = sum(mean.range.low for mean in means) / len(means)
    high = sum(mean.range.high for mean in means) / len(means)
    methods = {mean.method for mean in means}
    return MeanPressure(
        means[0].at,
        Interval(low, high),
        means[0].how,
        methods.pop() if len(methods) == 1 else None,
        tuple(e for mean in means for e in mean.evidence),
    )


def _numbers(
    timeline: Timeline,
    concept: str,
    after: datetime,
    until: datetime,
    policy: PressurePolicy,
) -> list[Measurement]:
    facts = timeline.between(Measurement, f"measurement:{concept}", after, until)
    keep_odd = policy.implausible == "count"
    return [
        fact
        for fact in facts
        if fact.value is not None and (keep_odd or Flag.IMPLAUSIBLE not in fact.flags)
    ]


def _possible(mean: MeanPressure, policy: PressurePolicy) -> bool:
    low, high = policy.limits
    return mean.range.high > low and mean.range.low < high


def _range(fact: Measurement) -> Interval:
    return interval(fact.value or 0.0, fact.comparator, fact.upper)
