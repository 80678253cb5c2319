"""Urine over 6, 12 and 24 hours, in mL/kg/h, told from the volumes charted.

A volume was collected since the charting before it.
A rate is told of the shortest stretch that ends with a charting of the window and is
long enough; a stretch with a gap in its charting tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from streams.clinical.scores.body_weight import latest_weight
from streams.clinical.scores.sofa2.window import Window
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import Fluid


LENGTHS = (6 * HOUR, 12 * HOUR, 24 * HOUR)

_REACH = 2 * DAY
"""How far before the window chartings are read (clifpy: 48 h)."""

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


def stretches(
    window: Window,
    rows: Sequence[Charting],
    length: timedelta,
    *,
    longer: bool = False,
) -> list[Stretch]:
    """One for each charting in the window; `longer`: more than `length`, not just."""
    found = (
        _stretch(window, rows[: end + 1], length, longer=longer)
        for end, row in enumerate(rows)
        if row.at >= window.start
    )
    return [one for one in found if one is not None]


def _stretch(
    window: Window, rows: Sequence[Charting], length: timedelta, *, longer: bool
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
            return _told(window, last, lasted, volume, evidence)
        if row.since == row.started:
            return None  # nobody knows what was before it
    return None


def _told(
    window: Window,
    at: datetime,
    length: timedelta,
    volume: float,
    evidence: Sequence[str],
) -> Stretch:
    weight = latest_weight(window.timeline, at, window.policy.weight_reach)
    if weight is None or weight.value is None:
        return Stretch(at, length, volume, None, tuple(evidence))
    rate = round(volume / weight.value / (length / HOUR), _DIGITS)
    return Stretch(at, length, volume, rate, (*evidence, weight.event_id))


def chartings(window: Window) -> list[Charting]:
    """The volumes of each moment, in order, from some time before the window on."""
    rows: dict[datetime, Charting] = {}
    for fact in _volumes(window):
        row = rows.setdefault(fact.happened_at, Charting(fact.happened_at))
        row.millilitres += _signed(fact)
        row.evidence.append(fact.event_id)
        row.started = row.started or fact.started_at
    ordered = [rows[at] for at in sorted(rows)]
    for index, row in enumerate(ordered):
        row.since = _since(window, row, ordered[index - 1] if index else None)
    return ordered


def _since(window: Window, row: Charting, before: Charting | None) -> datetime | None:
    """From when a volume was collected."""
    if before is not None:
        near = row.at - before.at <= window.policy.urine_gap
        return before.at if near else row.started
    from_start = window.policy.urine_origin == "window_start"
    if from_start and row.at > window.origin:
        row.started = window.origin
    return row.started


def _volumes(window: Window) -> Iterator[Fluid]:
    for substance in ("urine", "gu_irrigant"):
        lane = f"fluid:{substance}"
        for fact in window.timeline.between(
            Fluid, lane, window.after - _REACH, window.end
        ):
            if fact.volume_ml is not None:
                yield fact


def _signed(fact: Fluid) -> float:
    """What was instilled is taken off."""
    volume = fact.volume_ml or 0.0
    return -volume if fact.direction == "in" and volume > 0 else volume
