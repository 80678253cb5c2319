"""One turn of the worker: what a batch of records leads to, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from streams.app.live.dues import Place
from streams.app.live.shelf import Write
from streams.pipeline.joining import Posted
from streams.pipeline.log import Delivery, Resident, chunk_name, encode_chunk
from streams.vocabulary.messages import (
    LOGGED,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    DeadLetter,
    Message,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
    encode,
)
from streams.vocabulary.topics import EVENTS, ONSETS, OUTCOMES, SCREENINGS, patient_key


_CHUNK_BYTES = 256 << 10
"""Beyond this a chunk is another one: a changelog's record has its limit."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    headers: dict[str, bytes]
    stamped_at: datetime
    """The record's time at the broker."""


@dataclass(frozen=True, slots=True)
class Output:
    """One record to be sent."""

    topic: str
    key: bytes
    value: bytes
    headers: dict[str, bytes] = field(default_factory=dict)
    partition: int | None = None
    """None: the key decides."""


@dataclass(slots=True)
class Turn:
    """What was read, said and is to be stored."""

    residents: dict[Place, Resident] = field(default_factory=dict)
    """The patients of this turn; nobody takes them away before it ends."""
    deliveries: dict[Place, list[Delivery]] = field(default_factory=dict)
    outputs: list[Output] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    superseded: list[Write] = field(default_factory=list)
    """Chunks to be taken away once what this turn writes is acknowledged."""
    rules: list[Write] = field(default_factory=list)
    """Protocols that come into force in this turn."""

    def say(
        self,
        messages: Iterable[Message],
        key: bytes,
        headers: dict[str, bytes],
        prefix: str,
    ) -> None:
        """Put what was said among the outputs, and into whose log else it belongs.

        A shadow puts nothing into logs: what the live worker put there it reads too.
        """
        for message in messages:
            if isinstance(message, Posted):
                if not prefix:
                    self._put_into_log(message, headers)
                continue
            topic, value = _encoded(message)
            self.said.append(message)
            self.outputs.append(Output(prefix + topic, key, value, headers))

    def _put_into_log(self, message: Posted, headers: dict[str, bytes]) -> None:
        whose = patient_key(message.site, message.patient)
        value = encode(LOGGED, message)
        self.outputs.append(Output(EVENTS, whose, value, headers))

    def chunks(self) -> Iterator[Write]:
        """What was delivered of each patient, whether it was new or not.

        A redelivery may be of what RocksDB has and the changelog has not.
        """
        for place, deliveries in self.deliveries.items():
            partition, key = place
            resident = self.residents[place]
            for part in _parts(deliveries):
                name = chunk_name(key, part)
                if name not in resident.chunks:
                    resident.chunks.append(name)
                yield Write("facts", partition, name, encode_chunk(part))


def _parts(deliveries: list[Delivery]) -> Iterator[list[Delivery]]:
    part: list[Delivery] = []
    size = 0
    for delivery in deliveries:
        if part and size + len(delivery.payload) > _CHUNK_BYTES:
            yield part
            part, size = [], 0
        part.append(delivery)
        size += len(delivery.payload)
    yield part


def _encoded(message: Message) -> tuple[str, bytes]:
    if isinstance(message, SepsisOnset):
        return ONSETS, encode(SEPSIS_ONSET, message)
    if isinstance(message, TrialScreening):
        return SCREENINGS, encode(TRIAL_SCREENING, message)
    if isinstance(message, TrialOutcome):
        return OUTCOMES, encode(TRIAL_OUTCOME, message)
    raise TypeError(type(message).__name__)
