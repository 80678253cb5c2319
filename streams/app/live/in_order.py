"""Every record of a partition, in unbroken order: what Faust's consumer does not promise.

While a group rebalances, Faust drops records it has fetched, and may count them as
read; it then commits past them (seen with four workers on a real broker).
So what is judged and what is committed is decided here: a record is accepted only if
it is the next one of its partition, what is missing is fetched again, and only what
was accepted and carried out is committed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import (
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from faust.types import TP, EventT

from streams.vocabulary.errors import ErrorCode, SettingsError


SOUGHT_AGAIN_AFTER = 1.0
"""Seconds before the same place is sought again."""
MISSED_AFTER = 3.0
"""Seconds after which what should have come is sought."""
GIVEN_UP_AFTER = 5.0
"""Seconds after which a compacted topic is believed to have a gap."""


class Fetching(Protocol):
    """What `InOrder` needs of a consumer."""

    # ruff: noqa: D102  a method whose name and types say all needs no sentence

    through: dict[TP, int]
    confirmed: dict[TP, int]
    commits: int

    def committed_at(self, tp: TP) -> int | None: ...

    def assignment(self) -> set[TP]: ...

    def highwater(self, tp: TP) -> int: ...

    async def earliest_offsets(self, *partitions: TP) -> Mapping[TP, int]: ...

    async def highwaters(self, *partitions: TP) -> Mapping[TP, int]: ...

    async def seek(self, partition: TP, offset: int) -> None: ...


def replaced(tp: TP, end: int, spoken_of: int) -> SettingsError:
    """The log is not the one that was read: its offsets mean other records."""
    return SettingsError(
        ErrorCode.LOG_REPLACED,
        f"{tp.topic}, partition {tp.partition}, ends at {end}, and {spoken_of} of it "
        "was read: it is another log.",
        "Restore it, or begin with new changelogs, local state and groups.",
    )


Gone = Callable[[TP, int, int], None]
"""Told of a partition the first record that retention took unread, and the first that
is there."""


def told_nobody(tp: TP, first: int, following: int) -> None:
    """Nobody wants to know of records that are gone."""


class ChangedHands(Exception):  # noqa: N818 - no fault: the group goes on elsewhere
    """Partitions changed hands while something was asked; the answer is of before."""


_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Sought:
    """A place of which nothing has come yet."""

    place: int
    first: float
    last: float
    """When it was sought."""
    lowest: int = sys.maxsize
    """What came in its stead."""


class InOrder:
    """What was accepted of each partition, in the present generation of the group."""

    def __init__(
        self,
        consumer: Callable[[], Fetching],
        *,
        rebalancing: Callable[[], bool],
        compacted: frozenset[str],
        clock: Callable[[], float] = time.monotonic,
        gone: Gone = told_nobody,
    ) -> None:
        """In a `compacted` topic records may be missing for good."""
        self._consumer = consumer
        self._rebalancing = rebalancing
        self._compacted = compacted
        self._clock = clock
        self._gone = gone
        self._next: dict[TP, int] = {}
        self._sought: dict[TP, Sought] = {}
        self._moved: dict[TP, float] = {}
        self.generation = 0
        self.refetched = 0
        """How often something had to be fetched again."""
        self.skipped = 0
        """Records that retention took before they were read."""

    @property
    def consumer(self) -> Fetching:
        """The app's consumer, which is there once it is started."""
        return self._consumer()

    def forget(self) -> None:
        """Partitions have changed hands: go on where the group has committed."""
        self.generation += 1
        self._next.clear()
        self._sought.clear()
        self._moved.clear()
        self.consumer.through.clear()
        self.consumer.confirmed.clear()

    async def accept(self, events: Sequence[EventT[bytes]]) -> list[EventT[bytes]]:
        """Those that are next in their partition; the others come again.

        What lies before was accepted already, and what lies behind a gap is fetched
        again with what is missing.
        """
        if self._rebalancing():
            return []
        with suppress(ChangedHands):
            return await self._accepted(events)
        return []

    async def _accepted(self, events: Sequence[EventT[bytes]]) -> list[EventT[bytes]]:
        assigned = self.consumer.assignment()
        await self._begin({one.message.tp for one in events} & assigned)
        accepted = []
        for event in events:
            message = event.message
            if message.tp not in assigned:
                continue
            expected = self._next[message.tp]
            if message.offset > expected:
                expected = await self._sought_for(message.tp, expected, message.offset)
            if message.offset == expected:
                self._next[message.tp] = expected + 1
                self._moved[message.tp] = self._clock()
                self._sought.pop(message.tp, None)
                accepted.append(event)
        return accepted

    def carried_out(self, events: Sequence[EventT[bytes]], generation: int) -> None:
        """Everything that follows from these is durable: they may be committed."""
        if generation == self.generation:
            for event in events:
                self.consumer.through[event.message.tp] = event.message.offset + 1

    def give_back(self, events: Sequence[EventT[bytes]], generation: int) -> None:
        """Nothing was done about these: they are to come again."""
        if generation == self.generation:
            for event in reversed(events):
                self._next[event.message.tp] = event.message.offset

    async def look_after(self, topics: Collection[str]) -> None:
        """Seek what should have come and did not; call it while nothing is in hand."""
        before = self._clock() - MISSED_AFTER
        with suppress(ChangedHands):
            places = self._places(topics)
            await self._begin(places)
            for tp in places:
                expected = self._next[tp]
                moved = self._moved.setdefault(tp, self._clock())
                if self.consumer.highwater(tp) > expected and moved < before:
                    await self._seek(tp, expected)

    def unread(self, topics: Collection[str]) -> dict[TP, int]:
        """Records that are not carried out yet, by partition, as far as is known."""
        found = {}
        for tp in self._places(topics):
            found[tp] = max(0, self.consumer.highwater(tp) - self._through(tp))
        return found

    async def behind(self, topics: Collection[str]) -> int:
        """Records of all these topics that are not carried out yet, asked anew."""
        places = self._places(topics)
        ends = await self.consumer.highwaters(*places)
        return sum(max(0, ends[tp] - self._through(tp)) for tp in places)

    def _through(self, tp: TP) -> int:
        return self.consumer.through.get(tp) or self.consumer.committed_at(tp) or 0

    def _places(self, topics: Collection[str]) -> list[TP]:
        return [tp for tp in self.consumer.assignment() if tp.topic in topics]

    async def _begin(self, places: Iterable[TP]) -> None:
        """Where the group has committed; at first the begin of the partition.

        All places are asked about at once: an answer may wait for a fetch that waits
        for records, and a worker that began partition by partition could not stop.
        """
        new = [tp for tp in places if tp not in self._next]
        if not new:
            return
        firsts = await self._asked(self.consumer.earliest_offsets(*new))
        ends = await self._asked(self.consumer.highwaters(*new))
        for tp in new:
            if tp not in self._next:  # somebody else may have asked at the same time
                self._next[tp] = self._beginning(tp, firsts[tp], ends[tp])

    def _beginning(self, tp: TP, first: int, end: int) -> int:
        committed = self.consumer.committed_at(tp)
        if committed is None:
            return first
        if committed > end:
            raise replaced(tp, end, committed)
        if first > committed:
            self._note_skipped(tp, committed, first)
            # Nothing of it is in hand yet: what is gone is not behind any more.
            self.consumer.through[tp] = first
        return max(first, committed)

    def _note_skipped(self, tp: TP, expected: int, first: int) -> None:
        if tp.topic not in self._compacted:
            self.skipped += max(0, first - expected)
            self._gone(tp, expected, first)

    async def _sought_for(self, tp: TP, expected: int, found: int) -> int:
        """Seek the place that was left out; where there is nothing, what comes next."""
        sought = self._sought.get(tp)
        now = self._clock()
        if sought is None or sought.place != expected:
            sought = self._sought[tp] = Sought(expected, now, now)
            await self._seek(tp, expected)
        elif now - sought.last > SOUGHT_AGAIN_AFTER:
            first = (await self._asked(self.consumer.earliest_offsets(tp)))[tp]
            if tp.topic in self._compacted and now - sought.first > GIVEN_UP_AFTER:
                first = max(first, min(sought.lowest, found))
            if first > expected:
                self._note_skipped(tp, expected, first)
                expected = self._next[tp] = first
                del self._sought[tp]
            else:
                sought.last = now
            if found != expected:
                await self._seek(tp, expected)
            return expected
        sought.lowest = min(sought.lowest, found)
        return expected

    async def _seek(self, tp: TP, offset: int) -> None:
        self.refetched += 1
        self._moved[tp] = self._clock()
        await self._asked(self.consumer.seek(tp, offset))

    async def _asked(self, answer: Awaitable[_Answer]) -> _Answer:
        """The answer, unless it comes too late to mean anything here.

        Without this a place of before would be taken for one of now, and a record that
        nobody carried out be passed over.
        """
        generation = self.generation
        found = await answer
        if generation != self.generation:
            raise ChangedHands
        return found
