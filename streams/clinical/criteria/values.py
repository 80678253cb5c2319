"""Judges a concept's values: over a time, so many of them, of a specimen, by date alone.

A reading counts for certain, or perhaps: its specimen is not told, or only its date is
and an edge of the window lies in that day.  A truth is told where it holds with and
without the readings that may count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.clinical.criteria.numbers import SOURCES, Number, numbers, value_lanes
from streams.clinical.criteria.readings import (
    compared,
    judge_plainly,
    nearest,
    one_suffices,
    value_need,
)
from streams.clinical.criteria.several import (
    Compared,
    Said,
    so_many,
    sustained_until,
    sustained_within,
)
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    is_dated,
    window_of,
    window_reads,
)
from streams.clinical.tracking.moment import NEVER
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.kinds.values import Value
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


def judge_value(rule: Value, view: PatientView, now: datetime) -> Judgement:
    """Compare the readings in the window, or say which reading is missing."""
    if _is_plain(rule, view):
        return judge_plainly(rule, view, now)
    told: Judgement = judge_fully(rule, view, now)
    return told


def value_reads(rule: Value) -> Iterable[str]:
    """The concept's lanes, and what tells the window's anchor."""
    return (*value_lanes(rule.concept), *window_reads(rule))


@foreseen
def judge_fully(rule: Value, view: PatientView, now: datetime) -> Judgement:
    """Every way to compare, over readings that count or may."""
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    found = numbers(
        rule.concept,
        view,
        _looked_at(rule, window),
        specimens=rule.specimens,
        methods=rule.methods,
    )
    if not found:
        return absent(rule, value_need(rule))
    said = _together(rule, window, [Compared(one, _holds(rule, one)) for one in found])
    return Judgement(
        said.truth,
        once((*(one.event_id for one in said.deciding), *window.evidence)),
        would_need=(value_need(rule),) if said.truth is UNKNOWN else (),
    )


def _is_plain(rule: Value, view: PatientView) -> bool:
    """Whether there is nothing to it that `readings` does not know."""
    if rule.specimens or rule.methods or rule.sustained or rule.n or rule.around:
        return False
    if rule.since is not None and rule.since not in view.anchors:
        return False
    return not any(
        view.timeline.sifted(sort, f"{kind}:{rule.concept}", is_dated, ALWAYS, NEVER)
        for kind, sort in SOURCES
    )


def _looked_at(rule: Value, window: Window) -> Window:
    """What is sustained may be covered by a reading from just before."""
    if rule.sustained is None:
        return window
    return replace(
        window,
        begin=window.begin - rule.gap,
        latest_begin=window.latest_begin - rule.gap,
    )


def _holds(rule: Value, one: Number) -> Truth3:
    """Whether it counts and compares so; a doubtful one that does not is FALSE."""
    if rule.implausible == "unknown" and one.implausible:
        return UNKNOWN
    said = compared(rule, one.range)
    return said & one.counts if said is not FALSE else FALSE


def _together(rule: Value, window: Window, readings: Sequence[Compared]) -> Said:
    if rule.sustained is not None:
        return _sustained(rule, rule.sustained, window, readings)
    if rule.n is not None:
        said = so_many(rule.n, rule.apart or timedelta(0), readings)
        unmade = said.truth is UNKNOWN and rule.absent_means is False
        hoped = sum(one.truth is not FALSE for one in readings)
        return Said(FALSE, said.deciding) if unmade and hoped < rule.n else said
    if rule.which in ("latest", "first"):
        return _one_of(rule, readings)
    return _any_or_all(rule, readings)


def _sustained(
    rule: Value, length: timedelta, window: Window, readings: Sequence[Compared]
) -> Said:
    if rule.which == "any":
        return sustained_within(window, length, rule.gap, readings)
    begin = window.end - length
    if window.begin > begin:
        return Said(FALSE, ())
    if window.latest_begin > begin:
        return Said(UNKNOWN, ())
    return sustained_until(window.end, length, rule.gap, readings)


def _one_of(rule: Value, readings: Sequence[Compared]) -> Said:
    """The latest or the first, whichever of the readings that can be it it is."""
    able = _latest(readings) if rule.which == "latest" else _first(readings)
    told = {_bare(rule, one) for one in able}
    if not any(one.number.counts is TRUE for one in readings):
        told.add(_nothing(rule))
    said = told.pop() if len(told) == 1 else UNKNOWN
    return Said(said, [one.number for one in able])


def _latest(readings: Sequence[Compared]) -> list[Compared]:
    sure = [one.number for one in readings if one.number.counts is TRUE]
    last = max(sure, key=_moment, default=None)
    if last is None:
        return list(readings)
    return [
        one
        for one in readings
        if one.number is last
        or (one.number.dated and one.number.latest >= last.at)
        or (one.number.counts is UNKNOWN and _moment(one.number) > _moment(last))
        or (last.dated and one.number.at >= last.at)
    ]


def _first(readings: Sequence[Compared]) -> list[Compared]:
    sure = [one.number for one in readings if one.number.counts is TRUE]
    soonest = min((one.latest for one in sure), default=None)
    if soonest is None:
        return list(readings)
    timed = min((_moment(one) for one in sure if not one.dated), default=None)
    return [
        one
        for one in readings
        if one.number.at <= soonest
        and (one.number.dated or timed is None or _moment(one.number) <= timed)
    ]


def _any_or_all(rule: Value, readings: Sequence[Compared]) -> Said:
    """With the readings that may count and without them."""
    suffices = one_suffices(rule)
    decides = TRUE if suffices else FALSE
    sure = [one for one in readings if one.number.counts is TRUE]
    deciding = [one.number for one in sure if _bare(rule, one) is decides]
    if deciding:
        return Said(decides, deciding[-1:])
    told = {_bare(rule, one) for one in readings}
    if not sure:
        told.add(_nothing(rule))
    said = told.pop() if len(told) == 1 else UNKNOWN
    found = [one.number for one in readings]
    if len(sure) < len(readings):
        return Said(said, found)
    if said is UNKNOWN:
        return Said(said, [one.number for one in sure if _bare(rule, one) is UNKNOWN])
    decisive = nearest(rule, ((one.range, one.event_id) for one in found))
    return Said(said, [one for one in found if one.event_id == decisive])


def _bare(rule: Value, one: Compared) -> Truth3:
    """What the reading says, should it count."""
    if one.number.counts is TRUE:
        return one.truth
    if rule.implausible == "unknown" and one.number.implausible:
        return UNKNOWN
    return compared(rule, one.number.range)


def _nothing(rule: Value) -> Truth3:
    """What the rule says where nothing is on record."""
    return FALSE if rule.absent_means is False else UNKNOWN


def _moment(one: Number) -> tuple[datetime, str]:
    return one.at, one.event_id
