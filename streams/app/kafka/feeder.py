"""The feeder: records to one topic, in order, counted once the broker has them.

It stands in for the listener: what is not acknowledged was not accepted.
Acknowledgements are taken in the order of sending, so everything up to the position
in the progress file is in the topic; a restart sends again what lies after it, which
is at most what was in flight.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event
from typing import Any

from kafka import KafkaAdminClient, KafkaProducer
from kafka.errors import KafkaError

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.progress import Progress
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import ErrorCode, SettingsError


_RECORDS_IN_FLIGHT = 5_000
_BYTES_IN_FLIGHT = 32 * 1024 * 1024
_SAVED_EVERY = 0.5
"""Seconds between two writings of the progress file, each a flush of the disk."""
_PATIENCE = 10.0
"""Seconds a feeder that is asked to stop waits for what is in flight."""
_FOR_EVER = 2**31 - 1
"""Milliseconds: some 24 days. A batch given up would let later ones overtake it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One record to be sent, and where it stands in its source."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    moment: float | None = None
    """Seconds on the source's own clock, to be paced by; None: at once."""
    stream: str = "source"
    position: int
    """Rises within a stream."""


@dataclass(slots=True)
class Fed:
    """The account of a feed."""

    skipped: int = 0
    """Acknowledged by an earlier run."""
    sent: int = 0
    acknowledged: int = 0
    seconds: float = 0.0
    stopped: bool = False
    """Asked to stop before the end of the source."""


class Pace:
    """The source's clock beside the wall's: `speed` times as fast, or as fast as can be."""

    def __init__(
        self, speed: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._speed = speed
        self._clock = clock
        self._origin: tuple[float, float] | None = None

    def left(self, moment: float | None) -> float:
        """Seconds until it is time; the first moment asked for is now."""
        if self._speed is None or moment is None:
            return 0.0
        if self._origin is None:
            self._origin = (self._clock(), moment)
        began, first = self._origin
        return began + (moment - first) / self._speed - self._clock()


class Feeder:
    """Sends records to one topic; holds a bounded number of them."""

    def __init__(
        self,
        producer: KafkaProducer,
        topic: str,
        *,
        progress: Progress,
        pace: Pace,
        stopping: Event,
        on_progress: Callable[[Fed], None] = lambda _: None,
    ) -> None:
        self._producer = producer
        self._topic = topic
        self._progress = progress
        self._pace = pace
        self._stopping = stopping
        self._on_progress = on_progress
        self._in_flight: deque[tuple[Outgoing, Any]] = deque()
        self._bytes = 0
        self._told = 0.0
        self.fed = Fed()

    def feed(self, records: Iterable[Outgoing]) -> Fed:
        """Send the records that were not acknowledged before; wait for the broker.

        Whatever ends it, what was acknowledged stands in the progress file.
        Raises `SettingsError` EMB-405 where the broker refuses a record, and what the
        source raises.
        """
        began = time.monotonic()
        try:
            for record in records:
                if record.position <= self._progress.after(record.stream):
                    self.fed.skipped += 1
                elif not self._stands_still_until(record.moment):
                    self._send(record)
                if self._stopping.is_set():
                    self.fed.stopped = True
                    break
        finally:
            try:
                self._settle()
            finally:
                self._progress.save()
                self.fed.seconds = time.monotonic() - began
        self._on_progress(self.fed)
        return self.fed

    def _stands_still_until(self, moment: float | None) -> bool:
        """Wait for the moment; tell whether the feeder was asked to stop instead."""
        while (left := self._pace.left(moment)) > 0:
            self._collect()
            if self._stopping.wait(min(left, _SAVED_EVERY)):
                return True
        return False

    def _send(self, record: Outgoing) -> None:
        while self._is_full() and not self._stopping.is_set():
            self._await_one()
        if self._stopping.is_set():
            return
        try:
            future = self._producer.send(
                self._topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
            )
        except KafkaError as fault:
            raise self._refused(fault) from None
        self._in_flight.append((record, future))
        self._bytes += len(record.value)
        self.fed.sent += 1
        self._collect()

    def _is_full(self) -> bool:
        many = len(self._in_flight) >= _RECORDS_IN_FLIGHT
        return many or self._bytes >= _BYTES_IN_FLIGHT

    def _await_one(self) -> None:
        """Wait a moment for the oldest in flight."""
        if self._in_flight:
            with suppress(KafkaError):  # what failed is told by `_collect`
                self._in_flight[0][1].get(timeout=0.2)
        self._collect()

    def _collect(self) -> None:
        """Count what is acknowledged, in the order of sending."""
        while self._in_flight and self._in_flight[0][1].is_done:
            record, future = self._in_flight[0]
            if future.failed():
                # Nothing after it counts as accepted, whatever the broker took.
                self._in_flight.clear()
                raise self._refused(future.exception)
            self._in_flight.popleft()
            self._bytes -= len(record.value)
            self._progress.acknowledge(record.stream, record.position)
            self.fed.acknowledged += 1
        if time.monotonic() - self._told >= _SAVED_EVERY:
            self._told = time.monotonic()
            self._progress.save()
            self._on_progress(self.fed)

    def _settle(self) -> None:
        """Wait for all that is in flight; when asked to stop, only for a while."""
        given_up: float | None = None
        while self._in_flight:
            if self._stopping.is_set():
                given_up = given_up or time.monotonic() + _PATIENCE
                if time.monotonic() > given_up:
                    return
            self._await_one()

    def _refused(self, fault: BaseException) -> SettingsError:
        return SettingsError(
            ErrorCode.KAFKA_UNREACHABLE,
            f"The broker refuses a record for {self._topic} ({type(fault).__name__}).",
            "See that the topic is there (`ember kafka topics`) and may be written.",
        )


@contextmanager
def producer_for(settings: KafkaSettings, topic: str) -> Iterator[KafkaProducer]:
    """A producer that waits for the broker as long as it takes, and keeps the order.

    Raises `SettingsError` EMB-405 where no broker or no such topic is there.
    """
    try:
        producer = KafkaProducer(
            **kafka_python_options(settings),
            client_id="ember-feeder",
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=_FOR_EVER,
            reconnect_backoff_max_ms=2_000,
            linger_ms=5,
            batch_size=128 * 1024,
            allow_auto_create_topics=False,
            max_block_ms=20_000,
            bootstrap_timeout_ms=15_000,
            metrics_enabled=False,
        )
    except (KafkaError, OSError) as fault:
        raise unreachable(fault) from None
    try:
        try:
            known = producer.partitions_for(topic)
        except KafkaError as fault:
            raise _no_topic(topic, fault) from None
        if not known:
            raise _no_topic(topic, KafkaError())
        yield producer
    finally:
        producer.close(timeout=_PATIENCE)


def cluster_id(settings: KafkaSettings) -> str:
    """What tells one Kafka cluster from another; raises `SettingsError` EMB-405."""
    try:
        admin = KafkaAdminClient(**kafka_python_options(settings))
        try:
            return str(admin.describe_cluster()["cluster_id"])
        finally:
            admin.close()
    except (KafkaError, OSError) as fault:
        raise unreachable(fault) from None


def unreachable(fault: BaseException) -> SettingsError:
    """No broker answers."""
    return SettingsError(
        ErrorCode.KAFKA_UNREACHABLE,
        f"Kafka does not answer ({type(fault).__name__}).",
        "Check EMBER_KAFKA; for development, run `ember kafka up`.",
    )


def _no_topic(topic: str, fault: KafkaError) -> SettingsError:
    return SettingsError(
        ErrorCode.KAFKA_UNREACHABLE,
        f"There is no topic {topic} to write to ({type(fault).__name__}).",
        "Run `ember kafka topics`.",
    )
