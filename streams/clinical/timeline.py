"""One patient's timeline: facts in any order, with duplicates and corrections.

Whatever the order of arrival, the same deliveries leave the same facts standing:

- a second delivery of a fact changes nothing (the earliest `known_at` is kept);
- of several versions of one fact the highest `(version, message_id)` stands, be it a
  correction that overtook its original or a cancellation of what never arrived;
- of two of one version, one whose code was in a map goes before one whose was not;
- facts of one lane are ordered by `(happened_at, event_id)`, never by arrival.

The timeline is changed in place: a patient has tens of thousands of facts, and one
event must cost what one event touches.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from streams.vocabulary.events import (
    Assessment,
    Biomarker,
    Cancellation,
    Clinical,
    Correction,
    Event,
    Fluid,
    Infusion,
    Measurement,
    PatientMerge,
    PatientUnmerge,
)
from streams.vocabulary.facts import Flag


FactT = TypeVar("FactT")
AnswerT = TypeVar("AnswerT")
GivenP = ParamSpec("GivenP")

Sieve = Callable[[Any], bool]
"""Which facts of a lane somebody asks for: a function of its own, of the fact alone."""

_APART: Mapping[type, str] = {
    Measurement: "concept",
    Assessment: "concept",
    Biomarker: "concept",
    Infusion: "drug",
    Fluid: "substance",
}
"""Sorts of facts that have several lanes, and by which field."""

_OF_IDENTITY = (PatientMerge, PatientUnmerge)
_WITHOUT_A_FACT = (Cancellation, PatientMerge, PatientUnmerge)


@dataclass(frozen=True, slots=True)
class Change:
    """What one delivery did: the fact that no longer stands, and the one that does."""

    removed: Clinical | None
    added: Clinical | None

    def __bool__(self) -> bool:
        """Whether anything changed at all."""
        return self.removed is not None or self.added is not None

    def facts(self) -> tuple[Clinical, ...]:
        """The facts concerned."""
        if self.removed is None:
            return () if self.added is None else (self.added,)
        return (self.removed,) if self.added is None else (self.removed, self.added)


NOTHING = Change(removed=None, added=None)


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery that stands for one fact, as it came."""

    message_id: str
    event: Event


class Lane:
    """Facts of one sort, ordered by `(happened_at, event_id)`.

    Their moments stand beside them: looking for a stretch compares nothing else.
    """

    __slots__ = ("_facts", "_sifted", "_times", "changes")

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._facts: list[Clinical] = []
        self._sifted: dict[Sieve, Lane] = {}
        self.changes = 0
        """How often a fact came or went."""

    def insert(self, fact: Clinical) -> None:
        """Put a fact in its place."""
        self.changes += 1
        for keeps, lane in self._sifted.items():
            if keeps(fact):
                lane.insert(fact)
        times, facts = self._times, self._facts
        at = bisect_right(times, fact.happened_at)
        while at and times[at - 1] == fact.happened_at:
            if facts[at - 1].event_id < fact.event_id:
                break
            at -= 1
        times.insert(at, fact.happened_at)
        facts.insert(at, fact)

    def remove(self, fact: Clinical) -> None:
        """Take a fact that is there away."""
        self.changes += 1
        for keeps, lane in self._sifted.items():
            if keeps(fact):
                lane.remove(fact)
        at = bisect_left(self._times, fact.happened_at)
        while self._facts[at].event_id != fact.event_id:
            at += 1
        del self._times[at], self._facts[at]

    def sifted(self, keeps: Sieve) -> Lane:
        """The facts that a sieve keeps, as a lane: kept up to date once it was asked."""
        lane = self._sifted.get(keeps)
        if lane is None:
            lane = self._sifted[keeps] = Lane()
            lane._facts = [fact for fact in self._facts if keeps(fact)]
            lane._times = [fact.happened_at for fact in lane._facts]
            lane.changes = self.changes  # never that of a lane that was not there
        return lane

    def all(self) -> Sequence[Clinical]:
        """All facts, in order."""
        return self._facts

    def between(self, after: datetime, until: datetime) -> Sequence[Clinical]:
        """The facts with `after < happened_at <= until`, in order."""
        times = self._times
        return self._facts[bisect_right(times, after) : bisect_right(times, until)]

    def latest(self, until: datetime) -> Clinical | None:
        """The last fact with `happened_at <= until`."""
        end = bisect_right(self._times, until)
        return self._facts[end - 1] if end else None

    def next(self, after: datetime) -> Clinical | None:
        """The first fact with `after < happened_at`."""
        first = bisect_right(self._times, after)
        return self._facts[first] if first < len(self._facts) else None


_EMPTY = Lane()


def lane_name(fact: Clinical) -> str:
    """The lane a fact belongs to: `measurement:lactate`, `infusion:epinephrine`."""
    of = _APART.get(type(fact))
    return fact.kind if of is None else f"{fact.kind}:{getattr(fact, of)}"


class Timeline:
    """The facts that stand for one patient, and the deliveries that made them so."""

    __slots__ = ("_lanes", "_standing", "_touched")

    def __init__(self) -> None:
        self._standing: dict[str, Delivery] = {}
        self._lanes: dict[str, Lane] = {}
        self._touched: set[str] = set()

    def apply(self, event: Event, message_id: str) -> Change:
        """Take one delivery in; tell what changed.

        Merges and unmerges are about keys, not facts: the pipeline handles them, and
        here they change nothing.
        """
        if isinstance(event, _OF_IDENTITY):
            return NOTHING
        arriving = Delivery(message_id, event)
        name = _names(event)
        held = self._standing.get(name)
        if held is None:
            return self._stand(name, arriving, None)
        winner = _of_two(held, arriving)
        return NOTHING if winner is held else self._stand(name, winner, held)

    def lane(self, name: str) -> Lane:
        """The lane of that name; an empty one where there is no such fact."""
        return self._lanes.get(name, _EMPTY)

    def lanes(self, prefix: str) -> Iterator[tuple[str, Lane]]:
        """All lanes whose name starts so (`infusion:`), in name order."""
        for name in sorted(self._lanes):
            if name.startswith(prefix):
                yield name, self._lanes[name]

    def all(self, kind: type[FactT], lane: str) -> Sequence[FactT]:  # noqa: ARG002 - binds the type
        """All facts of a lane that holds this type, in order."""
        return cast("Sequence[FactT]", self.lane(lane).all())

    def between(
        self,
        kind: type[FactT],  # noqa: ARG002 - binds the type
        lane: str,
        after: datetime,
        until: datetime,
    ) -> Sequence[FactT]:
        """The facts of that lane with `after < happened_at <= until`, in order."""
        return cast("Sequence[FactT]", self.lane(lane).between(after, until))

    def sifted(
        self,
        kind: type[FactT],  # noqa: ARG002 - binds the type
        lane: str,
        keeps: Callable[[FactT], bool],
        after: datetime,
        until: datetime,
    ) -> Sequence[FactT]:
        """Those of that stretch which `keeps` says to keep; no other fact matters."""
        held = self._lanes.get(lane)
        if held is None:
            return ()
        return cast("Sequence[FactT]", held.sifted(keeps).between(after, until))

    def latest(
        self,
        kind: type[FactT],  # noqa: ARG002 - binds the type
        lane: str,
        until: datetime,
    ) -> FactT | None:
        """The last fact of that lane with `happened_at <= until`."""
        return cast("FactT | None", self.lane(lane).latest(until))

    def fact(self, event_id: str) -> Clinical | None:
        """The fact of that id as it stands; None where none does."""
        held = self._standing.get(event_id)
        return None if held is None else _fact(held.event)

    def cancellation(self, event_id: str) -> Cancellation | None:
        """That a fact of that id never was, where this is what stands of it."""
        held = self._standing.get(event_id)
        told = None if held is None else held.event
        return told if isinstance(told, Cancellation) else None

    def changes(self, lane: str, keeps: Sieve | None = None) -> int:
        """How often that lane changed, or what a sieve keeps of it did."""
        held = self._lanes.get(lane)
        if held is None:
            return 0
        return held.changes if keeps is None else held.sifted(keeps).changes

    def next(self, lane: str, keeps: Sieve, after: datetime) -> datetime | None:
        """When the first fact after a moment happens that a sieve keeps of a lane."""
        held = self._lanes.get(lane)
        fact = None if held is None else held.sifted(keeps).next(after)
        return None if fact is None else fact.happened_at

    def touched(self) -> set[str]:
        """The lanes that changed since this was last asked; there is one who asks."""
        names, self._touched = self._touched, set()
        return names

    def deliveries(self) -> Iterator[Delivery]:
        """The deliveries from which an equal timeline can be built."""
        yield from self._standing.values()

    def facts(self) -> Iterator[Clinical]:
        """Every fact that stands, lane by lane."""
        for name in sorted(self._lanes):
            yield from self._lanes[name].all()

    def told(
        self,
        rule: Callable[..., AnswerT],
        given: tuple[object, ...],
        named: Mapping[str, object],
    ) -> AnswerT:
        """What a part of a rule says of this timeline; see `part`."""
        return rule(self, *given, **named)

    def __len__(self) -> int:
        """How many deliveries stand, cancellations among them."""
        return len(self._standing)

    def _stand(self, name: str, winner: Delivery, loser: Delivery | None) -> Change:
        self._standing[name] = winner
        removed = None if loser is None else _fact(loser.event)
        added = _fact(winner.event)
        if removed is not None:
            name = lane_name(removed)
            self._lanes[name].remove(removed)
            self._touched.add(name)
        if added is not None:
            name = lane_name(added)
            self._lanes.setdefault(name, Lane()).insert(added)
            self._touched.add(name)
        return Change(removed=removed, added=added)


def part(
    rule: Callable[Concatenate[Timeline, GivenP], AnswerT],
) -> Callable[Concatenate[Timeline, GivenP], AnswerT]:
    """Mark a part of a rule that is worth keeping: a tracked timeline will.

    The part must be a pure function of the facts and of what it is given: text,
    numbers, moments, windows, or a policy that lives as long as the program.
    It returns a value of its own, never a lane's own list, and no moment it was given.
    """

    @wraps(rule)
    def told(
        timeline: Timeline, /, *given: GivenP.args, **named: GivenP.kwargs
    ) -> AnswerT:
        return timeline.told(rule, given, named)

    return told


def _names(event: Event) -> str:
    """The id of the fact a delivery speaks of."""
    if isinstance(event, Correction):
        return event.corrects
    return event.cancels if isinstance(event, Cancellation) else event.event_id


def _fact(event: Event) -> Clinical | None:
    """The fact a delivery leaves standing; a cancellation leaves none.

    A correction's fact takes the id of what it corrects and the correction's own
    `known_at`: nobody could have acted on it before.
    """
    if isinstance(event, Correction):
        return replace(
            event.event,
            event_id=event.corrects,
            version=event.version,
            known_at=max(event.known_at, event.event.known_at),
        )
    if isinstance(event, _WITHOUT_A_FACT):
        return None
    return event


def _of_two(held: Delivery, arriving: Delivery) -> Delivery:
    """Which of two deliveries about one fact stands."""
    if replace(arriving.event, known_at=held.event.known_at) == held.event:
        return min(held, arriving, key=lambda d: (d.event.known_at, d.message_id))
    return max(held, arriving, key=_rank)


def _rank(delivery: Delivery) -> tuple[int, bool, str, str]:
    """By source version, then message id; the content decides between equals.

    Of two readings of one version the one whose code was mapped stands: it was read
    again after the map was mended.
    """
    event = delivery.event
    told = event.event if isinstance(event, Correction) else event
    mapped = Flag.UNMAPPED not in told.flags
    return (event.version, mapped, delivery.message_id, repr(event))
