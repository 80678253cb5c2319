"""One member of a consumer group: records in portions, offsets after the fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata, TopicPartition

from registry.inbox.clients import Log, Record


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

    def __init__(self, log: Log, topics: Sequence[str], limits: Limits) -> None:
        self._log = log
        self._topics = topics
        self._limits = limits
        self._assigned: set[Any] = set()
        self._next: dict[Any, int] = {}
        self._uncommitted: dict[Any, int] = {}
        self._holding = False

    def read(self) -> list[list[Record]]:
        """Records in portions, those of a partition in order; none where none come.

        Raises a `KafkaError` where something is wrong around it.
        """
        if self._holding:
            self._log.resume(*self._log.paused())
            self._holding = False
        polled = self._log.poll(timeout_ms=_POLL_MS, max_records=self._limits.records)
        return list(portions(polled, self._limits))

    def moved(self) -> bool:
        """Whether partitions came or went since this was asked last."""
        assigned = self._log.assignment()
        if assigned == self._assigned:
            return False
        self._assigned = assigned
        self._next.clear()
        return True

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

        Raises a `KafkaError` where it is not, or where a topic is missing.
        """
        mine = sorted(self._log.assignment())
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
