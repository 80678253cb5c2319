"""What the topics hold: read again by the tests, past every part of the chain.

Nothing here commits an offset or joins a group.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from kafka import KafkaConsumer, TopicPartition

from streams.app.kafka.connection import kafka_python_options
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import InputError
from streams.vocabulary.messages import (
    DEAD_LETTER,
    LOGGED,
    DeadLetter,
    Logged,
    ProtocolInForce,
    decode,
)
from streams.vocabulary.topics import ALERTS, EVENTS, PROTOCOLS, REJECTED, ROSTER


TOLD = (ALERTS, ROSTER, PROTOCOLS)
"""What the relay writes."""


@dataclass
class Heard:
    """What was found on the topics so far."""

    logs: dict[str, list[Logged]] = field(default_factory=lambda: defaultdict(list))
    """Of each patient, the first occurrence of each message on the patient's log."""
    repeated: int = 0
    """Messages that came onto a patient's log again."""
    protocols: Counter[int] = field(default_factory=Counter)
    """How often each partition of the log was told a protocol."""
    letters: dict[tuple[str, int, int], list[DeadLetter]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By the place of the rejected record."""
    told: dict[str, Counter[str]] = field(
        default_factory=lambda: {topic: Counter() for topic in TOLD}
    )
    """Per topic of the relay, how often each id is there."""
    seen: set[tuple[str, str]] = field(default_factory=set)
    records: int = 0
    """How many records all this is."""

    def hear(self, topic: str, partition: int, record: Any) -> None:
        """Take one record in."""
        self.records += 1
        if topic == EVENTS:
            self._log(partition, record.value)
        elif topic == REJECTED:
            letter = decode(DEAD_LETTER, record.value)
            self.letters[letter.topic, letter.partition, letter.offset].append(letter)
        else:
            name = _name(topic, record)
            if name is not None:
                self.told[topic][name] += 1

    def _log(self, partition: int, value: bytes) -> None:
        try:
            message = decode(LOGGED, value)
        except InputError:
            return  # poison that a test put there
        if isinstance(message, ProtocolInForce):
            self.protocols[partition] += 1
            return
        key = (message.patient, message.message_id)
        if key in self.seen:
            self.repeated += 1
            return
        self.seen.add(key)
        self.logs[message.patient].append(message)


class Listener:
    """Reads the topics on from where it stopped; `heard` grows."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._options = kafka_python_options(settings)
        self._positions: dict[TopicPartition, int] = {}
        self.heard = Heard()

    def listen(self) -> Heard:
        """Read everything that is there now."""
        consumer = KafkaConsumer(
            **self._options, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            for record in self._unread(consumer):
                self.heard.hear(record.topic, record.partition, record)
        finally:
            consumer.close()
        return self.heard

    def _unread(self, consumer: KafkaConsumer) -> Iterator[Any]:
        places = [
            TopicPartition(topic, partition)
            for topic in (EVENTS, REJECTED, *TOLD)
            for partition in consumer.partitions_for_topic(topic) or ()
        ]
        ends = consumer.end_offsets(places)
        left = {p for p in places if self._positions.get(p, 0) < ends[p]}
        consumer.assign(list(left))
        for place in left:
            consumer.seek(place, self._positions.get(place, 0))
        silent = 0
        while left and silent < 60:
            found = consumer.poll(timeout_ms=500)
            silent = 0 if found else silent + 1
            for place, records in found.items():
                for record in records:
                    if record.offset < self._positions.get(place, 0):
                        continue
                    self._positions[place] = record.offset + 1
                    yield record
            left = {p for p in left if consumer.position(p) < ends[p]}
        for place in places:
            self._positions[place] = max(self._positions.get(place, 0), ends[place])


def _name(topic: str, record: Any) -> str | None:
    """The id under which something is told, however often; None for poison."""
    if topic == ALERTS:
        headers = {name: value.decode() for name, value in record.headers}
        return headers["webhook-id"]
    try:
        return orjson.loads(record.value).get("message_id")
    except orjson.JSONDecodeError:
        return None
