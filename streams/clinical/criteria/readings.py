"""Judges a concept's values in a window back from now, their times of day all known.

Nearly every rule is so plain, and it is judged at once, with the very moment at which
its readings lapse. `values` has what else can be said of values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf
from operator import attrgetter

from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    ahead,
    once,
    since,
    soonest,
)
from streams.clinical.criteria.numbers import SOURCES, Reading, range_of, value_lanes
from streams.clinical.criteria.windows import in_words
from streams.vocabulary.facts import Flag
from streams.vocabulary.kinds.fitting import threshold
from streams.vocabulary.kinds.values import Value
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, all_of, any_of


def judge_plainly(rule: Value, view: PatientView, now: datetime) -> Judgement:
    """A window back from now, and readings whose time is known."""
    lanes = value_lanes(rule.concept)
    coming = soonest(now, *(ahead(view.timeline, lane, now) for lane in lanes))
    start = _start(rule, view, now)
    if start is None:
        return Judgement(UNKNOWN, would_need=(str(rule.since),), changes_at=coming)
    readings = _readings(rule, view, start, now)
    if not readings:
        return absent(rule, value_need(rule), coming)
    truths = [_truth(rule, reading) for reading in readings]
    truth = _fold(rule, truths)
    lapse = _lapse(rule, readings, truths, truth)
    return Judgement(
        truth,
        evidence=_deciding(rule, readings, truths, truth),
        would_need=(value_need(rule),) if truth is UNKNOWN else (),
        changes_at=soonest(now, coming, lapse),
    )


def compared(rule: Value, found: Interval | None) -> Truth3:
    """Whether a reading compares as the rule asks; UNKNOWN of what cannot be converted."""
    if found is None:
        return UNKNOWN
    return compare(found, rule.is_.operator, threshold(rule.concept, rule.is_))


def one_suffices(rule: Value) -> bool:
    """`highest > x` holds as soon as one reading does; `highest < x` needs all."""
    upward = rule.is_.operator in (">", ">=")
    return rule.which == "any" or (rule.which == "highest") == upward


def nearest(rule: Value, readings: Iterable[tuple[Interval | None, str]]) -> str:
    """Of readings that agree, each with its id, the one nearest to saying otherwise."""
    upward = rule.is_.operator in (">", ">=")
    if upward == one_suffices(rule):
        return max((inf if r is None else r.high, name) for r, name in readings)[1]
    return min((-inf if r is None else r.low, name) for r, name in readings)[1]


def value_need(rule: Value) -> str:
    """What is missing, as it is read aloud."""
    return f"{rule.concept}{in_words(rule)}"


def _start(rule: Value, view: PatientView, now: datetime) -> datetime | None:
    """After which moment readings count; None while the anchor is unknown."""
    moving = since(now, rule.within)
    if rule.since is None:
        return moving
    anchor = view.anchors.get(rule.since)
    return None if anchor is None else max(moving, anchor - INSTANT)


def _readings(
    rule: Value, view: PatientView, start: datetime, now: datetime
) -> list[Reading]:
    """The readings with a number, in order; words alone compare with nothing."""
    found: list[Reading] = []
    for kind, sort in SOURCES:
        lane = f"{kind}:{rule.concept}"
        facts = view.timeline.between(sort, lane, start, now)
        found.extend(fact for fact in facts if fact.value is not None)
    return sorted(found, key=attrgetter("happened_at", "event_id"))


def _truth(rule: Value, reading: Reading) -> Truth3:
    if rule.implausible == "unknown" and Flag.IMPLAUSIBLE in reading.flags:
        return UNKNOWN
    return compared(rule, range_of(reading))


def _fold(rule: Value, truths: Sequence[Truth3]) -> Truth3:
    if rule.which in ("latest", "first"):
        return truths[-1 if rule.which == "latest" else 0]
    return any_of(truths) if one_suffices(rule) else all_of(truths)


def _deciding(
    rule: Value, readings: list[Reading], truths: list[Truth3], truth: Truth3
) -> tuple[str, ...]:
    """The readings without which the truth would not be what it is."""
    if rule.which in ("latest", "first"):
        return (readings[-1 if rule.which == "latest" else 0].event_id,)
    alike = [r for r, t in zip(readings, truths, strict=True) if t is truth]
    if truth is UNKNOWN:
        return once(reading.event_id for reading in alike)
    if (truth is TRUE) == one_suffices(rule):
        return (alike[-1].event_id,)
    return (nearest(rule, ((range_of(one), one.event_id) for one in alike)),)


def _lapse(
    rule: Value, readings: list[Reading], truths: list[Truth3], truth: Truth3
) -> datetime | None:
    """When enough readings have left the window to change the truth."""
    if rule.within is None:
        return None
    nothing = FALSE if rule.absent_means is False else UNKNOWN
    left = [*_truths_of_rests(rule, truths)[1:], nothing]
    for reading, rest in zip(readings, left, strict=True):
        if rest is not truth:
            return reading.happened_at + rule.within + INSTANT
    return None


def _truths_of_rests(rule: Value, truths: list[Truth3]) -> list[Truth3]:
    """The truth of all readings, of all but the first, of all but two, and so on."""
    if rule.which == "first":
        return truths
    if rule.which == "latest":
        return [truths[-1]] * len(truths)
    both = any_of if one_suffices(rule) else all_of
    rests = [truths[-1]]
    for truth in reversed(truths[:-1]):
        rests.append(both((truth, rests[-1])))
    return rests[::-1]
