"""Judges several readings together: sustained over a time, or so many, so far apart.

Between two readings no further apart than the gap nothing else is taken to have been;
what is not covered so is unknown, and neither proves nor refutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from operator import attrgetter

from streams.clinical.criteria.numbers import Number
from streams.clinical.criteria.windows import Window
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


@dataclass(frozen=True, slots=True)
class Compared:
    """A reading, and whether it compares as the rule asks; UNKNOWN where it may."""

    number: Number
    truth: Truth3


@dataclass(frozen=True, slots=True)
class Said:
    """The truth and the readings that decided it."""

    truth: Truth3
    deciding: Sequence[Number]


def sustained_until(
    now: datetime, length: timedelta, gap: timedelta, readings: Sequence[Compared]
) -> Said:
    """Whether every reading of the last `length` compared so, without a longer gap."""
    begin = now - length
    against = [r.number for r in readings if _denies(r) and r.number.at >= begin]
    if against:
        return Said(FALSE, against[-1:])
    chain: list[Number] = []
    reached = now
    for one in reversed(readings):
        if one.truth is not TRUE or one.number.dated or one.number.at < reached - gap:
            break
        chain.append(one.number)
        reached = one.number.at
        if reached <= begin:
            return Said(TRUE, chain)
    return Said(UNKNOWN, chain)


def sustained_within(
    window: Window, length: timedelta, gap: timedelta, readings: Sequence[Compared]
) -> Said:
    """Whether for so long, at some time in the window, every reading compared so."""
    for run in _runs(readings, gap):
        if run[-1].at - max(run[0].at, window.latest_begin) >= length:
            return Said(TRUE, run)
    against = [one.number for one in readings if _denies(one)]
    edges = [window.begin, *(one.at for one in against), window.latest_end]
    inside = [edge for edge in edges if window.begin <= edge <= window.latest_end]
    if all(later - earlier < length for earlier, later in pairwise(inside)):
        return Said(FALSE, against)
    return Said(UNKNOWN, [one.number for one in readings])


def so_many(n: int, apart: timedelta, readings: Sequence[Compared]) -> Said:
    """Whether `n` readings compare so, each so far from the others.

    FALSE only once so many were made so far apart: before that another may come.
    One of which only the date is known may lie far from all the others.
    """
    sure = _apart([r.number for r in readings if r.truth is TRUE], apart)
    if len(sure) >= n:
        return Said(TRUE, sure)
    hoped = [r.number for r in readings if r.truth is not FALSE]
    made = [r.number for r in readings if r.number.counts is TRUE]
    timed = [one for one in hoped if not one.dated]
    most = len(_apart(timed, apart)) + len(hoped) - len(timed)
    if most < n <= len(_apart(made, apart)):
        return Said(FALSE, made)
    return Said(UNKNOWN, [r.number for r in readings])


def _denies(one: Compared) -> bool:
    """Whether it surely lies where it is looked for, and does not compare so."""
    number = one.number
    return one.truth is FALSE and number.counts is TRUE and not number.dated


def _runs(readings: Sequence[Compared], gap: timedelta) -> list[list[Number]]:
    """The stretches of readings that compare so, without a longer gap."""
    runs: list[list[Number]] = []
    unbroken: list[Number] = []
    for one in readings:
        holds = one.truth is TRUE and not one.number.dated
        if unbroken and (not holds or one.number.at - unbroken[-1].at > gap):
            runs.append(unbroken)
            unbroken = []
        if holds:
            unbroken.append(one.number)
    return [*runs, unbroken] if unbroken else runs


def _apart(readings: Sequence[Number], apart: timedelta) -> list[Number]:
    """As many as there are, each surely so far from the one before it.

    The one that is over first leaves most room for others.
    """
    chosen: list[Number] = []
    for one in sorted(readings, key=attrgetter("latest")):
        if not chosen or one.at - chosen[-1].latest >= apart:
            chosen.append(one)
    return chosen
