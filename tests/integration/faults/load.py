"""The generator: made-up patients onto `ehr.raw` at a bounded rate, and the ledger.

A line of the ledger is written when the broker has acknowledged the record, and not
before.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from random import Random
from threading import Event, Lock, Thread

from integration.faults.ledger import Ledger, Line, Poison
from integration.faults.people import SITE, Story, known_at, moved, story
from kafka import KafkaProducer

from streams.app.kafka.connection import kafka_python_options
from streams.app.settings import KafkaSettings
from streams.vocabulary.messages import EHR_MESSAGE, EhrMessage, encode
from streams.vocabulary.topics import CANONICAL, FORMAT_HEADER, RAW, patient_key


_FOR_EVER = 2**31 - 1
"""Milliseconds; a record given up would let later ones overtake it."""
_IN_HOUSE = 10
"""Patients whose messages are interleaved."""
_EVERY = 5
"""Of so many patients the first: the team is asked to randomise them."""


def make_producer(settings: KafkaSettings) -> KafkaProducer:
    """Acknowledged by all replicas, idempotent, and patient."""
    return KafkaProducer(
        **kafka_python_options(settings),
        acks="all",
        delivery_timeout_ms=_FOR_EVER,
        max_block_ms=_FOR_EVER,
        reconnect_backoff_max_ms=500,
        linger_ms=5,
    )


def headers() -> list[tuple[str, bytes]]:
    """What a canonical record says of itself."""
    return [(FORMAT_HEADER, CANONICAL.encode())]


@dataclass
class _Telling:
    """One patient in house: what is still to be sent."""

    left: deque[EhrMessage]
    held: deque[EhrMessage] = field(default_factory=deque)
    """What waits until the team is done with the patient."""


class Load:
    """Sends until it is told to stop, then finishes the patients who are in house."""

    def __init__(
        self,
        settings: KafkaSettings,
        ledger: Ledger,
        *,
        name: str,
        rate: float,
        on_candidate: object = None,
    ) -> None:
        self._producer = make_producer(settings)
        self._ledger = ledger
        self._name = name
        self._rate = rate
        self._luck = Random(name)
        self._house: list[_Telling] = []
        self._waiting: dict[str, _Telling] = {}
        self._numbers = 0
        self._stopping = Event()
        self._lock = Lock()
        self._acknowledged: SimpleQueue[Line | BaseException | None] = SimpleQueue()
        self._on_candidate = on_candidate
        self._faults: list[BaseException] = []
        self.sent = 0
        self._threads = [
            Thread(target=self._send_all, name=f"{name}-send", daemon=True),
            Thread(target=self._write_all, name=f"{name}-ledger", daemon=True),
        ]

    def start(self) -> Load:
        """Begin to send."""
        for thread in self._threads:
            thread.start()
        return self

    def release(self, patient: str) -> None:
        """The team is done with the patient: send what comes after."""
        with self._lock:
            telling = self._waiting.pop(patient)
            telling.left, telling.held = telling.held, deque()
            self._house.append(telling)

    def finish(self, timeout: float = 360.0) -> int:
        """Finish the stories that were begun; how many records were sent."""
        self._stopping.set()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0.1))
            if thread.is_alive():
                raise TimeoutError(f"{thread.name} did not end in {timeout:.0f} s")
        self._producer.close(timeout=5)
        if self._faults:
            raise self._faults[0]
        return self.sent

    # -- sending -------------------------------------------------------------------

    def _send_all(self) -> None:
        try:
            while (message := self._next()) is not None:
                if message is not _NOBODY:
                    self._send(message)
                time.sleep(1 / self._rate)  # what a slow machine misses is not made up
            self._producer.flush(timeout=300)
        except BaseException as fault:  # noqa: BLE001 - told by `finish`
            self._faults.append(fault)
        finally:
            self._acknowledged.put(None)

    def _next(self) -> EhrMessage | None:
        with self._lock:
            if not self._stopping.is_set() and len(self._house) < _IN_HOUSE:
                self._admit()
            while self._house:
                telling = self._luck.choice(self._house)
                if telling.left:
                    message = telling.left.popleft()
                    if not telling.left:
                        self._leave(telling, message)
                    return message
                self._house.remove(telling)
            return _NOBODY if self._waiting or not self._stopping.is_set() else None

    def _admit(self) -> None:
        self._numbers += 1
        told = story(f"{self._name}-{self._numbers:05d}", seed=1)
        asked = self._on_candidate is not None and self._numbers % _EVERY == 1
        self._house.append(_told_in_parts(told) if asked else _told_whole(told))

    def _leave(self, telling: _Telling, last: EhrMessage) -> None:
        self._house.remove(telling)
        if telling.held:
            self._waiting[last.patient] = telling
            self._on_candidate(last.patient, self)

    def _send(self, message: EhrMessage) -> None:
        value = encode(EHR_MESSAGE, message)

        def written(placed: object) -> None:
            self._acknowledged.put(
                Line(
                    message.patient,
                    message.message_id,
                    RAW,
                    placed.partition,
                    placed.offset,
                    value,
                )
            )

        sending = self._producer.send(
            RAW, value, key=patient_key(SITE, message.patient), headers=headers()
        )
        sending.add_callback(written)
        sending.add_errback(self._acknowledged.put)
        self.sent += 1

    # -- the ledger ----------------------------------------------------------------

    def _write_all(self) -> None:
        ended = False
        while not ended:
            batch = [self._acknowledged.get()]
            while True:
                try:
                    batch.append(self._acknowledged.get_nowait())
                except Empty:
                    break
            ended = None in batch
            self._faults += [b for b in batch if isinstance(b, BaseException)]
            self._ledger.acknowledge(b for b in batch if isinstance(b, Line))


_NOBODY = object()


def _told_whole(told: Story) -> _Telling:
    return _Telling(deque(told.messages))


def _told_in_parts(told: Story) -> _Telling:
    return _Telling(deque(told.before), deque(told.after))


def send_poison(
    settings: KafkaSettings, ledger: Ledger, topic: str, values: list[bytes]
) -> None:
    """Put records onto a topic that nobody can read, and into the ledger."""
    producer = make_producer(settings)
    try:
        for number, value in enumerate(values):
            sending = producer.send(
                topic, value, key=b"made-up/poison-%d" % number, headers=headers()
            )
            placed = sending.get(timeout=120)
            ledger.poison(Poison(topic, placed.partition, placed.offset, value))
    finally:
        producer.close(timeout=5)


def send_live(settings: KafkaSettings, ledger: Ledger, told: Story) -> None:
    """Send the first part of a story as if it happened just now.

    What is live becomes known when the broker has it: the ledger holds it so.
    """
    behind = datetime.now(UTC) - told.before[-1].known_at
    producer = make_producer(settings)
    try:
        for message in told.before:
            sent = replace(moved(message, behind), provenance="live")
            placed = producer.send(
                RAW,
                encode(EHR_MESSAGE, sent),
                key=patient_key(SITE, told.patient),
                headers=headers(),
            ).get(timeout=120)
            stamped = known_at(
                sent, datetime.fromtimestamp(placed.timestamp / 1000, UTC)
            )
            ledger.acknowledge(
                [
                    Line(
                        told.patient,
                        sent.message_id,
                        RAW,
                        placed.partition,
                        placed.offset,
                        encode(EHR_MESSAGE, stamped),
                    )
                ]
            )
    finally:
        producer.close(timeout=5)
