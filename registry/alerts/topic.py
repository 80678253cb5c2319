"""Send alerts to a Kafka topic instead of a webhook: the same relay, the same rules.

The record's key is the patient, its value the body byte for byte, and a header
carries the id that stays the same over all retries.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from kafka.errors import KafkaError
from pydantic import TypeAdapter, ValidationError

from registry.alerts.sending import Answer, Away, Delivered, Failed, Standing
from streams.vocabulary.topics import ALERTS, patient_key


ID_HEADER = "webhook-id"

_PATIENCE = timedelta(seconds=10)
_PEACE = timedelta(seconds=5)
"""How long a broker that cannot be reached is left alone."""


@dataclass(frozen=True, slots=True)
class _Whose:
    site: str
    patient: str


@dataclass(frozen=True, slots=True)
class _Body:
    data: _Whose


_BODY = TypeAdapter(_Body)


class _Sent(Protocol):
    def get(self, timeout: float | None = None) -> object: ...


class Producer(Protocol):
    """A producer that waits for all in-sync replicas (kafka-python's shape)."""

    def send(
        self,
        topic: str,
        value: bytes,
        key: bytes,
        headers: list[tuple[str, bytes]] | None = None,
    ) -> _Sent:
        """Send one record."""
        ...

    def flush(self, timeout: float | None = None) -> None:
        """Wait for all that was sent."""
        ...

    def close(self, timeout: float | None = None) -> None:
        """Let go."""
        ...


class TopicSender:
    """Sends to `trial.alerts`."""

    def __init__(
        self,
        producer: Callable[[], Producer],
        headers: Callable[[str], list[tuple[str, bytes]]],
    ) -> None:
        self._make_producer = producer
        self._headers = headers
        self._producer: Producer | None = None
        self._held_until: datetime | None = None

    @property
    def patience(self) -> timedelta:
        """The longest that the broker is waited for, twice over: to find it, to send."""
        return 2 * _PATIENCE

    def standing(self, at: datetime) -> Standing:
        """Whether the broker may be called at `at`."""
        held = self._held_until
        return Standing(held_until=held if held is not None and held > at else None)

    def send(self, delivery_id: str, body: str, *, at: datetime) -> Answer:
        """Send once, and wait for the broker's word."""
        try:
            whose = _BODY.validate_json(body).data
        except ValidationError:
            return Failed("the message names no patient")
        try:
            if self._producer is None:
                self._producer = self._make_producer()
            headers = [(ID_HEADER, delivery_id.encode()), *self._headers(delivery_id)]
            key = patient_key(whose.site, whose.patient)
            sent = self._producer.send(ALERTS, body.encode(), key, headers)
            sent.get(_PATIENCE.total_seconds())
        except KafkaError as fault:
            # A producer that gave a record up may never send another: take a new one.
            self._drop(0)
            self._held_until = at + _PEACE
            return Away(f"the broker: {type(fault).__name__}", at + _PEACE)
        return Delivered()

    def close(self) -> None:
        """Let go of the broker."""
        self._drop(_PATIENCE.total_seconds())

    def _drop(self, seconds: float) -> None:
        if self._producer is not None:
            with suppress(KafkaError):
                self._producer.close(timeout=seconds)
            self._producer = None
