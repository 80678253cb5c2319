"""Rates of urine in mL/kg/h over 6, 12 and 24 hours, at each charting.

What each volume was collected in is the time since the charting before it; a rate is
told only where so many hours were observed (KDIGO 2012; mimic-code `kdigo_uo.sql`,
`urine_output_rate.sql`, MIT).
Irrigation fluid that went in is taken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from streams.clinical.scores.body_weight import WeightSpan, latest_weight
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.hours import hours_crossed, minutes_crossed
from streams.clinical.scores.kdigo_policy import UrinePolicy
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.scores.urine import IRRIGANT, URINE, first_heart_rate
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Fluid
from streams.vocabulary.facts import Flag


WINDOWS = (6, 12, 24)
"""Hours."""

_DAY = 23 * HOUR


@dataclass(frozen=True, slots=True)
class Void:
    """What was charted at one moment, in mL, and in how many seconds it collected."""

    at: datetime
    volume: float
    seconds: float | None
    """None where nobody knows."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UrineRates:
    """The rates at one charting; each tuple is of 6, 12 and 24 hours."""

    at: datetime
    kg: float | None
    """Body weight."""
    volume: float
    """mL charted at this moment."""
    volumes: tuple[float, ...]
    """mL."""
    hours: tuple[float, ...]
    """Observed, to a millionth."""
    rates: tuple[float | None, ...]
    """mL/kg/h; None where too few hours were observed, or no weight is known."""
    evidence: tuple[str, ...]
    """The volumes of 24 hours, then the weight."""


def voids(
    chart: Chart, policy: UrinePolicy, after: datetime, until: datetime
) -> list[Void]:
    """The chartings in `(after, until]`; the first counts as the first of all."""
    facts = sorted(
        (f for f in _fluids(chart, policy, after, until) if chart.has_happened(f)),
        key=lambda f: (f.happened_at, f.event_id),
    )
    told: list[Void] = []
    for at, group in groupby(facts, key=lambda f: f.happened_at):
        now = list(group)
        seconds = _seconds(chart, policy, told[-1].at if told else None, at)
        volume = sum(_signed(f) for f in now)
        told.append(Void(at, volume, seconds, tuple(f.event_id for f in now)))
    return told


def urine_rates(
    chart: Chart,
    policy: UrinePolicy,
    told: Sequence[Void],
    spans: Sequence[WeightSpan] = (),
    *,
    after: datetime | None = None,
) -> Iterator[UrineRates]:
    """The rates at each of the chartings later than `after`.

    `spans` are the weights, for the readings by mimic-code.
    """
    first = 0
    for index, void in enumerate(told):
        while told[first].at < void.at - max(WINDOWS) * HOUR:
            first += 1
        if after is None or void.at > after:
            yield _rates(chart, policy, void, told[first : index + 1], spans)


def _fluids(
    chart: Chart, policy: UrinePolicy, after: datetime, until: datetime
) -> Iterator[Fluid]:
    for substance in (URINE, IRRIGANT):
        for fact in chart.volumes(substance, after, until):
            odd = Flag.IMPLAUSIBLE in fact.flags
            if not odd or policy.implausible == "count":
                yield fact


def _signed(fact: Fluid) -> float:
    volume = fact.volume_ml or 0.0
    return -volume if fact.direction == "in" and volume > 0 else volume


def _seconds(
    chart: Chart, policy: UrinePolicy, before: datetime | None, at: datetime
) -> float | None:
    if before is None and policy.first == "one_hour":
        return 3600.0
    if before is None and policy.first == "first_heart_rate":
        before = first_heart_rate(chart)
    if before is None:
        return None
    if policy.longest_gap is not None and at - before >= policy.longest_gap:
        return None
    if policy.window == "hour_boundaries":
        return minutes_crossed(before, at) * 60.0
    return (at - before).total_seconds()


def _rates(
    chart: Chart,
    policy: UrinePolicy,
    void: Void,
    day: Sequence[Void],
    spans: Sequence[WeightSpan],
) -> UrineRates:
    kg, weighed = _weight(chart, policy, void.at, spans)
    observed = [one for one in day if one.seconds is not None]
    windows = [[v for v in observed if _within(policy, v, void, n)] for n in WINDOWS]
    volumes = tuple(sum(v.volume for v in window) for window in windows)
    hours = tuple(_hours(window) for window in windows)
    sizes = zip(WINDOWS, volumes, hours, strict=True)
    return UrineRates(
        at=void.at,
        kg=kg,
        volume=void.volume,
        volumes=volumes,
        hours=hours,
        rates=tuple(_rate(policy, n, volume, h, kg) for n, volume, h in sizes),
        evidence=(*(e for v in windows[-1] for e in v.evidence), *weighed),
    )


def _within(policy: UrinePolicy, one: Void, void: Void, hours: int) -> bool:
    """Whether one charting belongs to the last hours before another."""
    ago = void.at - one.at
    match policy.window:
        case "open":
            return ago < hours * HOUR
        case "closed":
            return ago <= hours * HOUR
        case "hour_boundaries":
            return (
                ago <= _DAY
                if hours == max(WINDOWS)
                else hours_crossed(one.at, void.at) < hours
            )


def _hours(window: Sequence[Void]) -> float:
    seconds = sum(v.seconds or 0.0 for v in window)
    return round_half_up(round_half_up(seconds / 3600.0, 9), 6)


def _weight(
    chart: Chart, policy: UrinePolicy, at: datetime, spans: Sequence[WeightSpan]
) -> tuple[float | None, tuple[str, ...]]:
    if policy.weight == "latest":
        fact = latest_weight(chart.timeline, at, policy.weight_reach)
        return (None, ()) if fact is None else (fact.value, (fact.event_id,))
    after = policy.weight == "after"
    for span in spans:
        if span.holds_after(at) if after else span.holds_from(at):
            return span.kg, (span.event_id,)
    return None, ()


def _rate(
    policy: UrinePolicy, window: int, volume: float, hours: float, kg: float | None
) -> float | None:
    most = policy.most_hours_of_six if window == min(WINDOWS) else None
    if hours < window or (most is not None and hours >= most):
        return None
    if volume < 0 and policy.negative == "unknown":
        return None
    if kg is None:
        anuric = volume == 0 and policy.without_weight == "anuria_only"
        return 0.0 if anuric else None
    rate = round_half_up(volume / kg / hours, 9)
    return rate if policy.places is None else round_half_up(rate, policy.places)
