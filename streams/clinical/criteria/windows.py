"""Windows as moments, and which facts lie in them for certain, or perhaps.

A fact of which only the date is known may have happened at any time of that day, and so
may an anchor; where that leaves a fact on both sides of an edge, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from streams.clinical.criteria.anchors import anchor_reads, anchored, latest_of
from streams.clinical.criteria.judgement import (
    INSTANT,
    LIFETIME,
    Judgement,
    PatientView,
)
from streams.vocabulary.clock import DAY
from streams.vocabulary.facts import Fact, Flag
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3
from streams.vocabulary.windows import Backward, Windowed


FactT = TypeVar("FactT", bound=Fact)


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` to `end`, both inside; each is known to within its `latest`."""

    begin: datetime
    latest_begin: datetime
    end: datetime
    latest_end: datetime
    now: datetime
    """What is known has happened by now, whatever the day may still hold."""
    evidence: tuple[str, ...] = ()
    """What tells the anchor."""

    @property
    def begun(self) -> Truth3:
        """Whether it has; what runs on before it begins does not lie in it."""
        if self.begin > self.latest_end:
            return FALSE
        return UNKNOWN if self.latest_begin > self.end else TRUE

    def holds(self, earliest: datetime, latest: datetime) -> Truth3:
        """Whether something that happened between these moments happened in it."""
        latest = max(earliest, min(latest, self.now))
        if earliest >= self.latest_begin and latest <= self.end:
            return TRUE
        if latest < self.begin or earliest > self.latest_end:
            return FALSE
        return UNKNOWN


@dataclass(frozen=True, slots=True)
class Seen(Generic[FactT]):
    """A fact, and whether it lies in the window: TRUE or UNKNOWN."""

    fact: FactT
    inside: Truth3


def window_of(rule: Backward, view: PatientView, now: datetime) -> Window | None:
    """The window at `now`; None while its anchor is not known.

    A rule without a window looks at all that has happened.
    """
    begin = now - (LIFETIME if rule.within is None else rule.within)
    if isinstance(rule, Windowed) and rule.around is not None:
        return _around(rule, view, now)
    if rule.since is None:
        return Window(begin, begin, now, now, now)
    anchor = anchored(rule.since, view, now)
    if anchor is None:
        return None
    starts, latest = max(begin, anchor.at), max(begin, anchor.latest)
    return Window(starts, latest, now, now, now, anchor.evidence)


def seen(
    kind: type[FactT], lanes: Iterable[str], view: PatientView, window: Window
) -> list[Seen[FactT]]:
    """The facts of these lanes that lie in the window, or may; in order."""
    found = [
        Seen(fact, inside)
        for lane in lanes
        for fact in _near(kind, lane, view, window)
        if (inside := window.holds(fact.happened_at, latest_of(fact))) is not FALSE
    ]
    return sorted(found, key=_order)


def is_dated(fact: Fact) -> bool:
    """Whether the source gives a date, and the time of day is not known."""
    return Flag.DATE_ONLY in fact.flags


def window_reads(rule: Backward) -> tuple[str, ...]:
    """What the anchors of its window are told by."""
    around = rule.around if isinstance(rule, Windowed) else None
    return (*anchor_reads(rule.since), *anchor_reads(around))


def in_words(rule: Backward) -> str:
    """The window as it is read aloud, with a blank before it; empty without one."""
    told = []
    if rule.within is not None:
        told.append(f" within {write_duration(rule.within)}")
    if rule.since is not None:
        told.append(f" since {rule.since}")
    if (
        isinstance(rule, Windowed)
        and rule.around is not None
        and rule.from_ is not None
    ):
        until = "" if rule.to is None else f" to {write_duration(rule.to)}"
        told.append(f" from {write_duration(rule.from_)}{until} around {rule.around}")
    return "".join(told)


def anchorless(rule: Backward) -> Judgement:
    """While its anchor is not known, what lies in a window is not either.

    Not even `absent_means` says otherwise: which facts to look for is what is missing.
    """
    around = rule.around if isinstance(rule, Windowed) else None
    return Judgement(UNKNOWN, would_need=(str(around or rule.since),))


def _around(rule: Windowed, view: PatientView, now: datetime) -> Window | None:
    if rule.around is None or rule.from_ is None:
        return None
    anchor = anchored(rule.around, view, now)
    if anchor is None:
        return None
    begin, latest_begin = anchor.at + rule.from_, anchor.latest + rule.from_
    if rule.to is None:
        return Window(begin, latest_begin, now, now, now, anchor.evidence)
    end, latest_end = anchor.at + rule.to, anchor.latest + rule.to
    end, latest_end = min(end, now), min(latest_end, now)
    return Window(begin, latest_begin, end, latest_end, now, anchor.evidence)


def _near(
    kind: type[FactT], lane: str, view: PatientView, window: Window
) -> Iterable[FactT]:
    """Facts that may lie in it: those of a date alone from a day before it began."""
    begin = window.begin - INSTANT
    dated = view.timeline.sifted(kind, lane, is_dated, begin - DAY, begin)
    yield from dated
    yield from view.timeline.between(kind, lane, begin, window.latest_end)


def _order(one: Seen[FactT]) -> tuple[datetime, str]:
    return one.fact.happened_at, one.fact.event_id
