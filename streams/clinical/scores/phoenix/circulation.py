"""Mean arterial pressure and the vasoactive drugs that run, read from a timeline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import Observed, Window, observed, picked, recent
from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.drips import Drip, drips
from streams.clinical.scores.phoenix.inputs import Values
from streams.clinical.scores.phoenix.points import VASOACTIVES
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Infusion, Measurement


ARTERIAL_LINE = "arterial_line"
POSSIBLE = (1.0, 300.0)
"""mmHg, both ends included; anything else is no reading (the authors' notes)."""


def pressures(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Values:
    """Mean pressure, mmHg, of the source the policy prefers."""
    window = recent(at, policy.vitals_within)
    sources = list(_sources(timeline, window, policy))
    if policy.pressure == "latest":
        every = sorted((v for one in sources for v in one), key=_moment)
        return picked(every, policy)
    return picked(next((one for one in sources if one), ()), policy)


def vasoactives(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Values:
    """How many of the drugs run; whatever its rate, a running drug counts.

    A rate charted as 0 does not run; one that cannot be said does.
    """
    chart = Chart(timeline, SofaPolicy(), now=at)
    told = {drug: drips(chart, drug) for drug in VASOACTIVES}
    if not any(told.values()) and not _absence_is_told(timeline, at, policy):
        return ()
    reach = policy.vasoactives_within if policy.pick == "worst" else at - at
    running = {
        drug: drip.evidence
        for drug, stretches in told.items()
        for drip in stretches
        if drip.overlaps(back(at - reach), at) and _flows(timeline, drip)
    }
    number = float(len(running))
    return (Observed(at, Interval(number, number), tuple(running.values())),)


def _absence_is_told(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> bool:
    """Whether a drug that is not on record is not given."""
    if policy.without_infusions == "if_charted":
        lanes = timeline.lanes("infusion:")
        return any(lane.latest(at) is not None for _, lane in lanes)
    return policy.without_infusions == "none"


def estimated(systolic: Interval, diastolic: Interval) -> Interval:
    """Diastolic plus a third of what the systolic is above it."""
    return Interval(
        diastolic.low + (systolic.low - diastolic.low) / 3,
        diastolic.high + (systolic.high - diastolic.high) / 3,
    )


def _sources(
    timeline: Timeline, window: Window, policy: PhoenixPolicy
) -> Iterator[list[Observed]]:
    """The line, its estimate, the cuff, its estimate."""
    mean, systolic, diastolic = (
        [
            value
            for value in observed(timeline, concept, window, policy)
            if value.range.high >= POSSIBLE[0] and value.range.low <= POSSIBLE[1]
        ]
        for concept in ("map", "sbp", "dbp")
    )
    for line in (True, False):
        yield [v for v in mean if _is_line(timeline, v) is line]
        yield [
            Observed(
                one.at,
                estimated(one.range, other.range),
                (*one.evidence, *other.evidence),
            )
            for one in systolic
            for other in diastolic
            if one.at == other.at
            and _is_line(timeline, one) is _is_line(timeline, other) is line
            and one.range.low > other.range.high
        ]


def _is_line(timeline: Timeline, value: Observed) -> bool:
    fact = timeline.fact(value.evidence[0])
    return isinstance(fact, Measurement) and fact.method == ARTERIAL_LINE


def _flows(timeline: Timeline, drip: Drip) -> bool:
    if drip.rate is not None:
        return drip.rate > 0
    fact = timeline.fact(drip.evidence)
    return not (isinstance(fact, Infusion) and fact.sent_rate == 0)


def _moment(value: Observed) -> datetime:
    return value.at
