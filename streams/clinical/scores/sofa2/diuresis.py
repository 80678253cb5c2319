"""Urine over 6, 12 and 24 hours, in mL/kg/h, told from the volumes charted.

A volume was collected since the charting before it.
A rate is told of the shortest stretch that ends with a charting of the window and is
long enough; a stretch with a gap in its charting tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from streams.clinical.scores.body_weight import latest_weight
from streams.clinical.scores.chart import back
from streams.clinical.scores.sofa2.policy import Sofa2Policy
from streams.clinical.scores.sofa2.window import Window
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import Fluid, Measurement


LENGTHS = (6 * HOUR, 12 * HOUR, 24 * HOUR)

_REACH = 2 * DAY
"""How far before the window chartings are read (clifpy: 48 h)."""

_LANES = ("fluid:urine", "fluid:gu_irrigant")

_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was passed in a stretch of time."""

    at: datetime
    """Its end."""
    length: timedelta
    millilitres: float
    per_kg_h: float | None
    """None without a weight."""
    evidence: tuple[str, ...]


@dataclass(slots=True)
class Charting:
    """What was charted at one moment, collected since `since` (None: not known)."""

    at: datetime
    millilitres: float = 0.0
    started: datetime | None = None
    evidence: list[str] = field(default_factory=list)
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Passed:
    """What the stretches that end with one charting tell; None: nothing."""

    six: Stretch | None
    twelve: Stretch | None
    day: Stretch | None
    over_six: Stretch | None
    """Longer than 6 hours, not just as long."""


def passed(window: Window) -> list[Passed]:
    """One for each charting in the window."""
    policy = window.policy
    origin = since = None
    if policy.urine_origin == "window_start" or policy.urine_gap > DAY:
        origin, since = window.origin, window.after - _REACH
    moments = {
        fact.happened_at
        for lane in _LANES
        for fact in window.timeline.between(Fluid, lane, window.after, window.end)
        if fact.volume_ml is not None
    }
    return [
        _passed_by(window.timeline, at, since, origin, policy) for at in sorted(moments)
    ]


@part
def _passed_by(
    timeline: Timeline,
    at: datetime,
    since: datetime | None,
    origin: datetime | None,
    policy: Sofa2Policy,
) -> Passed:
    """`since`: what lies before is not read; None: all that has a say is."""
    if since is None:
        since = back(at - max(LENGTHS) - policy.urine_gap)
    rows = _chartings(timeline, since, at, origin, policy)
    weight = latest_weight(timeline, at, policy.weight_reach)
    six, twelve, day = (_stretch(rows, weight, length) for length in LENGTHS)
    over_six = _stretch(rows, weight, LENGTHS[0], longer=True)
    return Passed(six, twelve, day, over_six)


def _stretch(
    rows: Sequence[Charting],
    weight: Measurement | None,
    length: timedelta,
    *,
    longer: bool = False,
) -> Stretch | None:
    last = rows[-1].at
    volume, evidence = 0.0, list[str]()
    for row in reversed(rows):
        if row.since is None:
            return None
        volume += row.millilitres
        evidence += row.evidence
        lasted = last - row.since
        if lasted > length or (lasted == length and not longer):
            return _told(weight, last, lasted, volume, evidence)
        if row.since == row.started:
            return None  # nobody knows what was before it
    return None


def _told(
    weight: Measurement | None,
    at: datetime,
    length: timedelta,
    volume: float,
    evidence: Sequence[str],
) -> Stretch:
    if weight is None or weight.value is None:
        return Stretch(at, length, volume, None, tuple(evidence))
    rate = round(volume / weight.value / (length / HOUR), _DIGITS)
    return Stretch(at, length, volume, rate, (*evidence, weight.event_id))


def _chartings(
    timeline: Timeline,
    since: datetime,
    until: datetime,
    origin: datetime | None,
    policy: Sofa2Policy,
) -> list[Charting]:
    """The volumes of each moment, in order."""
    rows: dict[datetime, Charting] = {}
    for lane in _LANES:
        for fact in timeline.between(Fluid, lane, since, until):
            if fact.volume_ml is None:
                continue
            row = rows.setdefault(fact.happened_at, Charting(fact.happened_at))
            row.millilitres += _signed(fact)
            row.evidence.append(fact.event_id)
            row.started = row.started or fact.started_at
    ordered = [rows[at] for at in sorted(rows)]
    for index, row in enumerate(ordered):
        before = ordered[index - 1] if index else None
        row.since = _since(row, before, origin, policy)
    return ordered


def _since(
    row: Charting,
    before: Charting | None,
    origin: datetime | None,
    policy: Sofa2Policy,
) -> datetime | None:
    """From when a volume was collected."""
    if before is not None:
        near = row.at - before.at <= policy.urine_gap
        return before.at if near else row.started
    from_start = policy.urine_origin == "window_start"
    if from_start and origin is not None and row.at > origin:
        row.started = origin
    return row.started


def _signed(fact: Fluid) -> float:
    """What was instilled is taken off."""
    volume = fact.volume_ml or 0.0
    return -volume if fact.direction == "in" and volume > 0 else volume
