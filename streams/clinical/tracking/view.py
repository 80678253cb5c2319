"""A timeline that notes what is read of it, and keeps the parts that rules share.

It reads the same facts as the timeline it was made of, and answers the same.
Every read is noted for the part that is being evaluated: which lane, and which stretch
of it.  A fact outside what was read cannot change what was made of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import cast

from streams.clinical.scores.hours import TICK
from streams.clinical.timeline import Delivery, FactT, Lane, Sieve, Timeline
from streams.clinical.tracking.moment import NEVER, Moment, Watch
from streams.vocabulary.errors import BrokenInvariant
from streams.vocabulary.events import Clinical


EVER = datetime.min.replace(tzinfo=UTC)
"""Earlier than any fact."""

Name = str | tuple[str, Sieve]
"""A lane, or what a sieve keeps of one."""


class Reads:
    """What one evaluation has read."""

    __slots__ = ("everything", "ids", "lanes", "prefixes")

    def __init__(self) -> None:
        self.lanes: dict[Name, tuple[datetime, datetime]] = {}
        """By lane: facts with `after < happened_at <= until` were looked for."""
        self.prefixes: set[str] = set()
        """A lane whose name starts so, and that is new, would have been read too."""
        self.ids: set[str] = set()
        self.everything = False

    def stretch(self, lane: Name, after: datetime, until: datetime) -> None:
        """This much of a lane was read."""
        known = self.lanes.get(lane)
        if known is None:
            self.lanes[lane] = (after, until)
        elif after < known[0] or until > known[1]:
            self.lanes[lane] = (min(after, known[0]), max(until, known[1]))


class WatchedLane(Lane):
    """One lane of a watched timeline."""

    __slots__ = ("_lane", "_name", "_view")

    def __init__(self, view: View, name: str, lane: Lane) -> None:
        self._view, self._name, self._lane = view, name, lane

    def sifted(self, keeps: Sieve) -> Lane:  # noqa: ARG002 - refused whatever it keeps
        """It has to be asked of the timeline: only there it is noted."""
        raise BrokenInvariant("A sieve was asked of a lane, not of the timeline.")

    def all(self) -> Sequence[Clinical]:
        """All facts, in order."""
        self._view.reads.lanes[self._name] = (EVER, NEVER)
        return self._lane.all()

    def between(self, after: datetime, until: datetime) -> Sequence[Clinical]:
        """The facts with `after < happened_at <= until`, in order."""
        return self._view.stretch(self._name, after, until)

    def latest(self, until: datetime) -> Clinical | None:
        """The last fact with `happened_at <= until`."""
        return self._view.last(self._name, until)

    def next(self, after: datetime) -> Clinical | None:
        """The first fact with `after < happened_at`."""
        view, plain = self._view, after
        if isinstance(after, Moment):
            plain = after.plain
        found = self._lane.next(plain)
        end = NEVER if found is None else found.happened_at
        view.reads.stretch(self._name, plain, end)
        if plain is not after and found is not None:
            view.watch.turns_in(end - plain)
        return found


class View(Timeline):
    """The facts of another timeline, with a note of what is read."""

    __slots__ = ("facts_themselves", "reads", "sieves", "watch")

    def __init__(self, timeline: Timeline, watch: Watch) -> None:
        self._standing, self._lanes = timeline._standing, timeline._lanes  # noqa: SLF001 - the same facts, seen by one of its own kind
        self.facts_themselves = timeline
        """What is read of these is not noted."""
        self.watch = watch
        self.sieves: dict[str, dict[Sieve, Name]] = {}
        """By lane: those that were asked of it, and how what they keep is named."""
        self.reads = Reads()
        """Of the part that is being evaluated."""

    def lane(self, name: str) -> Lane:
        """The lane of that name; an empty one where there is no such fact."""
        return WatchedLane(self, name, super().lane(name))

    def lanes(self, prefix: str) -> Iterator[tuple[str, Lane]]:
        """All lanes whose name starts so (`infusion:`), in name order."""
        self.reads.prefixes.add(prefix)
        for name, lane in super().lanes(prefix):
            yield name, WatchedLane(self, name, lane)

    def all(self, kind: type[FactT], lane: str) -> Sequence[FactT]:  # noqa: ARG002 - binds the type
        """All facts of a lane that holds this type, in order."""
        self.reads.lanes[lane] = (EVER, NEVER)
        held = self._lanes.get(lane)
        return () if held is None else cast("Sequence[FactT]", held.all())

    def between(
        self,
        kind: type[FactT],  # noqa: ARG002 - binds the type
        lane: str,
        after: datetime,
        until: datetime,
    ) -> Sequence[FactT]:
        """The facts of that lane with `after < happened_at <= until`, in order."""
        return cast("Sequence[FactT]", self.stretch(lane, after, until))

    def sifted(
        self,
        kind: type[FactT],  # noqa: ARG002 - binds the type
        lane: str,
        keeps: Callable[[FactT], bool],
        after: datetime,
        until: datetime,
    ) -> Sequence[FactT]:
        """Those of that stretch which `keeps` says to keep; no other fact matters."""
        known = self.sieves.setdefault(lane, {})
        name = known.setdefault(keeps, (lane, keeps))
        return cast("Sequence[FactT]", self.stretch(name, after, until))

    def latest(
        self,
        kind: type[FactT],  # noqa: ARG002 - binds the type
        lane: str,
        until: datetime,
    ) -> FactT | None:
        """The last fact of that lane with `happened_at <= until`."""
        return cast("FactT | None", self.last(lane, until))

    def fact(self, event_id: str) -> Clinical | None:
        """The fact of that id as it stands; None where none does."""
        self.reads.ids.add(event_id)
        return super().fact(event_id)

    def deliveries(self) -> Iterator[Delivery]:
        """The deliveries from which an equal timeline can be built."""
        self.reads.everything = True
        return super().deliveries()

    def facts(self) -> Iterator[Clinical]:
        """Every fact that stands, lane by lane."""
        self.reads.everything = True
        return super().facts()

    def __len__(self) -> int:
        """How many deliveries stand, cancellations among them."""
        self.reads.everything = True
        return super().__len__()

    # -- what is noted ---------------------------------------------------------

    def stretch(
        self, name: Name, after: datetime, until: datetime
    ) -> Sequence[Clinical]:
        """The facts of a stretch; it turns when one falls out of it, or comes in.

        Everything that is read comes through here, so its steps are written out.
        """
        first = after.plain if type(after) is Moment else after
        last, reach = (until.plain, NEVER) if type(until) is Moment else (until, until)
        lanes = self.reads.lanes
        known = lanes.get(name)
        if known is None:
            lanes[name] = (first, reach)
        elif first < known[0] or reach > known[1]:
            lanes[name] = (min(first, known[0]), max(reach, known[1]))
        lane = self._lanes.get(name) if type(name) is str else self._kept(name)
        if lane is None:
            return ()
        times, facts = lane._times, lane._facts  # noqa: SLF001 - asked more often than anything else
        begins, ends = bisect_right(times, first), bisect_right(times, last)
        if first is not after and begins < ends:
            self.watch.turns_in(facts[begins].happened_at - first)
        if last is not until and ends < len(facts):
            self.watch.turns_in(facts[ends].happened_at - last)
        return facts[begins:ends]

    def _kept(self, name: Name) -> Lane | None:
        lane, keeps = cast("tuple[str, Sieve]", name)
        held = self._lanes.get(lane)
        return None if held is None else held.sifted(keeps)

    def last(self, name: str, until: datetime) -> Clinical | None:
        """The last fact by a moment; none before it has a say."""
        last, reach = (until.plain, NEVER) if type(until) is Moment else (until, until)
        lane = self._lanes.get(name)
        if lane is None:
            self.reads.stretch(name, EVER, reach)
            return None
        facts = lane._facts  # noqa: SLF001 - as above
        ends = bisect_right(lane._times, last)  # noqa: SLF001
        found = facts[ends - 1] if ends else None
        since = EVER if found is None else found.happened_at - TICK
        self.reads.stretch(name, since, reach)
        if last is not until and ends < len(facts):
            self.watch.turns_in(facts[ends].happened_at - last)
        return found
