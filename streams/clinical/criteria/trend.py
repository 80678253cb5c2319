"""Judges trends: how far a value has risen or fallen, from one reading to a later one.

Where `from` or `to` leaves several pairs of readings, the pair with the farthest fall
(`from: highest`, `to: lowest`) or the farthest rise decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.clinical.criteria.numbers import Number, numbers, value_lanes
from streams.clinical.criteria.windows import (
    anchorless,
    in_words,
    window_of,
    window_reads,
)
from streams.vocabulary.kinds.fitting import difference
from streams.vocabulary.kinds.values import Trend
from streams.vocabulary.truth import TRUE, UNKNOWN


PLACES = 9
"""Decimals to which a change is told: 1.3 - 1.0 is 0.3."""


@dataclass(frozen=True, slots=True)
class _Change:
    """From one reading to a later one, in per cent or in the concept's unit."""

    range: Interval
    readings: tuple[Number, Number]


@foreseen
def judge_trend(rule: Trend, view: PatientView, now: datetime) -> Judgement:
    """The change between two readings of the window; with fewer nobody knows."""
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    found = numbers(rule.concept, view, window)
    need = f"two readings of {rule.concept}{in_words(rule)}"
    if not found:
        return absent(rule, need)
    if len(found) == 1 or not all(map(_is_sure, found)):
        evidence = once((*_ids(found), *window.evidence))
        return Judgement(UNKNOWN, evidence, would_need=(need,))
    far, changes = _farthest(
        rule, [_change(rule, *pair) for pair in _pairs(rule, found)]
    )
    said = compare(far, rule.change.operator, _asked(rule))
    deciding = (one for change in changes for one in change.readings)
    return Judgement(
        said,
        once((*_ids(deciding), *window.evidence)),
        would_need=(need,) if said is UNKNOWN else (),
    )


def trend_reads(rule: Trend) -> Iterable[str]:
    """The concept's lanes, and what tells the window's anchor."""
    return (*value_lanes(rule.concept), *window_reads(rule))


def _pairs(rule: Trend, found: Sequence[Number]) -> Iterator[tuple[Number, Number]]:
    """The pairs, each an earlier and a later reading, that `from` and `to` leave."""
    last = len(found) - 1
    begins = {"first": (0,), "latest": (last - 1,)}.get(rule.from_, range(last))
    for i in begins:
        for j in (last,) if rule.to == "latest" else range(i + 1, last + 1):
            yield found[i], found[j]


def _farthest(
    rule: Trend, changes: Sequence[_Change]
) -> tuple[Interval, Sequence[_Change]]:
    """The farthest change as an interval, and the changes that are it, or may be."""
    lows, highs = [c.range.low for c in changes], [c.range.high for c in changes]
    if rule.from_ == "highest" or rule.to == "lowest":
        far = Interval(min(lows), min(highs))
        return far, [c for c in changes if c.range.low <= far.high]
    far = Interval(max(lows), max(highs))
    return far, [c for c in changes if c.range.high >= far.low]


def _change(rule: Trend, earlier: Number, later: Number) -> _Change:
    was, is_ = _range(earlier), _range(later)
    if rule.relative:
        change = _share(was, is_)
    else:
        change = Interval(is_.low - was.high, is_.high - was.low)
    rounded = Interval(round(change.low, PLACES), round(change.high, PLACES))
    return _Change(rounded, (earlier, later))


def _share(was: Interval, is_: Interval) -> Interval:
    """In per cent of what it was; of nothing there is no share."""
    if was.low <= 0:
        return Interval(-inf, inf)
    low = is_.low / (was.high if is_.low >= 0 else was.low)
    high = is_.high / (was.low if is_.high >= 0 else was.high)
    return Interval(100 * low - 100, 100 * high - 100)


def _asked(rule: Trend) -> float:
    if rule.relative:
        return rule.change.value
    return round(difference(rule.concept, rule.change), PLACES)


def _is_sure(one: Number) -> bool:
    return one.counts is TRUE and not one.dated


def _range(one: Number) -> Interval:
    return one.range or Interval(-inf, inf)


def _ids(readings: Iterable[Number]) -> tuple[str, ...]:
    return once(one.event_id for one in readings)
