"""One member of a consumer group: records in portions, offsets after the fact.

The client goes back to the begin of a partition by itself, and says nothing, where
retention has taken what it would have read next.
So where each partition goes on is known here too, and what is gone unread is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from registry.inbox.clients import Log, Record
from registry.inbox.watch import Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one transaction takes at most."""

    records: int = 1_000
    bytes: int = 4 << 20
    """Of the records as they come; decoded they take some ten times that."""


_POLL_MS = 500
_ANSWER_MS = 5_000
"""How long the broker is waited for where something else waits behind."""


class Group:
    """Reads; commits what it is told to; keeps its membership while others wait."""

    def __init__(
        self,
        log: Log,
        topics: Sequence[str],
        limits: Limits,
        on_skipped: Callable[[Skipped], None],
    ) -> None:
        self._log = log
        self._topics = topics
        self._limits = limits
        self._on_skipped = on_skipped
        self._assigned: set[Any] = set()
        self._moved = False
        self._next: dict[Any, int] = {}
        """Where each partition goes on: behind what was read, and is done."""
        self._uncommitted: dict[Any, int] = {}
        self._holding = False
        self._idle = False

    def read(self) -> list[list[Record]]:
        """Records in portions, those of a partition in order; none where none come.

        Raises a `KafkaError` where something is wrong around it.
        """
        if self._holding:
            self._log.resume(*self._log.paused())
            self._holding = False
        polled = self._log.poll(timeout_ms=_POLL_MS, max_records=self._limits.records)
        self._idle = not polled
        firsts = {place: records[0].offset for place, records in polled.items()}
        try:
            self._follow(firsts)
        except KafkaError:
            self._put_back(firsts)
            raise
        return list(portions(polled, self._limits))

    def moved(self) -> bool:
        """Whether partitions came or went since this was asked last."""
        moved, self._moved = self._moved, False
        return moved

    def hold(self) -> None:
        """Stay a member, and read nothing on.

        A partition that comes while we hold is put back to where it begins.
        """
        self._holding = True
        with suppress(KafkaError):
            self._log.pause(*self._log.assignment())
            for place, records in self._log.poll(timeout_ms=0, max_records=1).items():
                self._log.seek(place, records[0].offset)

    def settle(self, records: Sequence[Record]) -> None:
        """Commit that these are done, and whatever could not be committed before.

        Raises a `KafkaError` where the broker does not take it; it is not forgotten.
        """
        for record in records:
            place = TopicPartition(record.topic, record.partition)
            self._uncommitted[place] = self._next[place] = record.offset + 1
        mine = self._log.assignment()
        offsets = {
            place: OffsetAndMetadata(offset, "", -1)
            for place, offset in self._uncommitted.items()
            if place in mine
        }
        if offsets:
            self._log.commit(offsets, timeout_ms=_ANSWER_MS)
        self._uncommitted.clear()

    def lag(self) -> dict[str, int]:
        """Records of each topic not yet read; asks the broker, so it proves it is there.

        While nothing comes it tells, too, what is gone unread: there may be no record
        left behind it to show the gap.
        Raises a `KafkaError` where it is not, or where a topic is missing.
        """
        mine = sorted(self._log.assignment())
        if self._idle:
            self._look_after([place for place in mine if place in self._next])
        asked = mine or [TopicPartition(topic, 0) for topic in self._topics]
        ends = self._log.end_offsets(asked, timeout_ms=_ANSWER_MS)
        lag = dict.fromkeys(self._topics, 0)
        for place in mine:
            lag[place.topic] += max(0, ends[place] - self._position(place, ends[place]))
        return lag

    def leave(self) -> None:
        """Commit what is done, and go."""
        with suppress(KafkaError):
            self.settle([])
        with suppress(KafkaError):
            self._log.close(autocommit=False, timeout_ms=_ANSWER_MS)

    # -- what is gone unread -------------------------------------------------------

    def _follow(self, firsts: Mapping[Any, int]) -> None:
        """Know where each partition goes on; `firsts` has come, and is not done."""
        assigned = self._log.assignment()
        if assigned != self._assigned:
            self._assigned, self._moved = set(assigned), True
            self._next.clear()
        doubtful = [
            place
            for place in sorted(assigned)
            if place not in self._next or firsts.get(place, 0) > self._next[place]
        ]
        if doubtful:
            begins = self._begins(doubtful)
            for place in doubtful:
                self._go_on(place, begins[place], firsts.get(place))
            with suppress(KafkaError):  # it is kept, and committed later
                self.settle([])

    def _look_after(self, places: Sequence[Any]) -> None:
        """Where nothing comes from any partition: what of it begins behind its place."""
        for place, begin in self._begins(places).items():
            if begin > self._next[place]:
                self._go_on(place, begin, None)

    def _go_on(self, place: Any, begin: int, first: int | None) -> None:  # noqa: ANN401  a partition
        """Behind what this group has done of it, or where it begins now.

        What was fetched before retention took it, from `first` on, is not gone.
        """
        here = begin if first is None else min(begin, first)
        done = self._done(place)
        if done is not None and here > done:
            self._on_skipped(
                Skipped(
                    topic=place.topic, partition=place.partition, first=done, next=here
                )
            )
        if done is None or here > done:
            # Committed, so that it is not told again, and so that a group that has
            # read nothing of a partition is known to have begun it.
            done = self._uncommitted[place] = here
        self._next[place] = done

    def _done(self, place: Any) -> int | None:  # noqa: ANN401  a partition
        """The group's place in it, as far as anybody knows; None: it is new to it."""
        known = (
            self._log.committed(place, timeout_ms=_ANSWER_MS),
            self._next.get(place),
            self._uncommitted.get(place),
        )
        return max((offset for offset in known if offset is not None), default=None)

    def _begins(self, places: Sequence[Any]) -> Mapping[Any, int]:
        if not places:
            return {}
        return self._log.beginning_offsets(places, timeout_ms=_ANSWER_MS)

    def _put_back(self, firsts: Mapping[Any, int]) -> None:
        """What was read and is not handed on is read again."""
        for place in self._log.assignment() & firsts.keys():
            self._log.seek(place, firsts[place])

    def _position(self, place: Any, otherwise: int) -> int:  # noqa: ANN401  a partition
        if place not in self._next:
            known = self._log.position(place, timeout_ms=_ANSWER_MS)
            return otherwise if known is None else known
        return self._next[place]


def portions(
    polled: Mapping[Any, Sequence[Record]], limits: Limits
) -> Iterator[list[Record]]:
    """The records, as many at a time as one transaction may take; never none."""
    portion: list[Record] = []
    size = 0
    for records in polled.values():
        for record in records:
            length = len(record.value or b"") + len(record.key or b"")
            full = len(portion) == limits.records or size + length > limits.bytes
            if portion and full:
                yield portion
                portion, size = [], 0
            portion.append(record)
            size += length
    if portion:
        yield portion
