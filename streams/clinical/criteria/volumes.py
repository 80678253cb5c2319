"""Judges volumes: what went in or came out in a window, and the rate of urine.

A volume that ran in over an edge of the window lies in it in part: an interval.
What was charted is taken for all there was; where nothing was charted, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import inf

from streams.clinical.criteria.anchors import latest_of
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    in_words,
    is_dated,
    window_of,
    window_reads,
)
from streams.clinical.scores.body_weight import latest_weight
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.kdigo_policy import UrinePolicy
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.urine_rate import Void, voids
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Fluid
from streams.vocabulary.kinds.values import FluidTotal, UrineOutput
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


SUBSTANCES = (
    *("blood_product", "colloid", "crystalloid", "gu_irrigant", "other", "urine"),
)
LONGEST = 7 * DAY
"""The longest time that one charted volume ran in or was collected."""

URINE = UrinePolicy()
_WEIGHT = "measurement:weight"


@foreseen
def judge_fluid(rule: FluidTotal, view: PatientView, now: datetime) -> Judgement:
    """All volumes of the window added up, by the kilogram where asked so."""
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    need = f"volumes {rule.direction}{in_words(rule)}"
    found = list(_volumes(rule, view, window, now))
    if not found:
        return absent(rule, need)
    total = Interval(sum(v.low for _, v in found), sum(v.high for _, v in found))
    evidence = [*(fact.event_id for fact, _ in found), *window.evidence]
    if rule.by_weight:
        weight = latest_weight(view.timeline, now, URINE.weight_reach)
        if weight is None or not weight.value:
            return Judgement(UNKNOWN, once(evidence), would_need=("weight",))
        total = Interval(total.low / weight.value, total.high / weight.value)
        evidence.append(weight.event_id)
    said = compare(total, rule.total.operator, rule.total.value)
    nothing = FALSE if rule.absent_means is False else UNKNOWN
    if said is not nothing and not any(_touches(fact, window) for fact, _ in found):
        said = UNKNOWN
    return Judgement(
        said, once(evidence), would_need=(need,) if said is UNKNOWN else ()
    )


def fluid_reads(rule: FluidTotal) -> Iterable[str]:
    """The substances, the weight where it matters, and the window's anchor."""
    weight = (_WEIGHT,) if rule.by_weight else ()
    return (*_lanes(rule), *weight, *window_reads(rule))


@foreseen
def judge_urine_output(
    rule: UrineOutput, view: PatientView, now: datetime
) -> Judgement:
    """The mean rate over at least so many hours up to the last charting.

    That one is no older than the hours asked for, and each volume was collected since
    the charting before it, as KDIGO has it.
    """
    need = f"urine over {write_duration(rule.lasting)}"
    chart = Chart(view.timeline, SofaPolicy(), now=now)
    begin = now - 2 * rule.lasting - 2 * DAY
    told = voids(chart, URINE, begin, now)
    dated = view.timeline.sifted(Fluid, "fluid:urine", is_dated, begin, now)
    recent = bool(told) and told[-1].at >= now - rule.lasting
    hours = _observed(rule, told) if recent and not dated else None
    unsaid = _unsaid(view, hours[-1].at if hours else now - rule.lasting, now)
    if not recent and not dated and not unsaid:
        return absent(rule, need)
    if hours is None or unsaid:
        seen = told[-1].evidence if told else (one.event_id for one in unsaid)
        return Judgement(UNKNOWN, once(seen), would_need=(need,))
    volume = sum(one.volume for one in hours)
    seconds = sum(one.seconds or 0.0 for one in hours)
    evidence = [event for one in hours for event in one.evidence]
    weight = latest_weight(view.timeline, told[-1].at, URINE.weight_reach)
    if volume < 0 or (volume > 0 and (weight is None or not weight.value)):
        lacking = "weight" if volume > 0 else need
        return Judgement(UNKNOWN, once(evidence), would_need=(lacking,))
    kg = 1.0 if weight is None or not weight.value else weight.value
    rate = round(volume / kg / (seconds / 3600), 9)
    said = compare(Interval(rate, rate), rule.is_.operator, rule.is_.value)
    weighed = () if weight is None else (weight.event_id,)
    return Judgement(said, once((*evidence, *weighed)))


def urine_reads(rule: UrineOutput) -> Iterable[str]:  # noqa: ARG001 - as all kinds are asked
    """Urine, what was instilled, and the weight."""
    return ("fluid:urine", "fluid:gu_irrigant", _WEIGHT)


def _lanes(rule: FluidTotal) -> Iterator[str]:
    for substance in rule.substances or SUBSTANCES:
        yield f"fluid:{substance}"


def _volumes(
    rule: FluidTotal, view: PatientView, window: Window, now: datetime
) -> Iterator[tuple[Fluid, Interval]]:
    """Each volume, and how much of it lies in the window."""
    begin = window.begin - DAY - INSTANT
    until = min(window.latest_end + LONGEST, now)
    for lane in _lanes(rule):
        for fact in view.timeline.between(Fluid, lane, begin, until):
            if fact.direction == rule.direction:
                volume = _share(fact, window)
                if volume is not None:
                    yield fact, volume


def _share(fact: Fluid, window: Window) -> Interval | None:
    """How much of it lies in the window; None where nothing does."""
    least = 0.0 if fact.volume_ml is None else fact.volume_ml
    most = inf if fact.volume_ml is None else fact.volume_ml
    begun = min(fact.started_at or fact.happened_at, fact.happened_at)
    inside = window.holds(begun, latest_of(fact))
    if inside is FALSE:
        return None
    if inside is TRUE:
        return Interval(least, most)
    return Interval(min(0.0, least), max(0.0, most))


def _touches(fact: Fluid, window: Window) -> bool:
    """Whether some of it surely lies in the window."""
    begun = fact.started_at or fact.happened_at
    ends = (window.holds(fact.happened_at, latest_of(fact)), window.holds(begun, begun))
    return TRUE in (ends if fact.started_at else ends[:1])


def _unsaid(view: PatientView, begin: datetime, now: datetime) -> list[Fluid]:
    """Chartings from then on whose volume nobody can say."""
    return [
        fact
        for lane in ("fluid:urine", "fluid:gu_irrigant")
        for fact in view.timeline.between(Fluid, lane, begin - INSTANT, now)
        if fact.volume_ml is None
    ]


def _observed(rule: UrineOutput, told: list[Void]) -> list[Void] | None:
    """The last chartings that make up the hours; None where they do not, or may not."""
    chosen: list[Void] = []
    seconds = 0.0
    for one in reversed(told):
        if one.seconds is None:
            return None
        chosen.append(one)
        seconds += one.seconds
        if seconds >= rule.lasting.total_seconds():
            return chosen
    return None
