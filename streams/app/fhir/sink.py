"""Where a resource must be before its sender is told that we have it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from aiokafka import AIOKafkaProducer

from streams.app.kafka.raw import Seal, raw_producer
from streams.app.observe import tracing
from streams.app.settings import KafkaSettings
from streams.vocabulary.topics import FORMAT_HEADER, RAW, SEALED, TRACE_HEADER


class RawSink(Protocol):
    """Takes bytes as they were received."""

    async def put(
        self,
        payload: bytes,
        *,
        form: str,
        key: bytes | None,
        headers: Mapping[str, bytes],
    ) -> None:
        """On return the bytes are durable; it raises where they are not."""
        ...


@dataclass(slots=True)
class KafkaSink:
    """Durable in `ehr.raw`: all copies have the record (`acks=all`)."""

    producer: AIOKafkaProducer
    seal: Seal | None = None

    async def put(
        self,
        payload: bytes,
        *,
        form: str,
        key: bytes | None,
        headers: Mapping[str, bytes],
    ) -> None:
        """As `RawSink` says; with `seal`, nobody reads it there without the key."""
        value = payload if self.seal is None else self.seal(payload)
        written = form if self.seal is None else f"{form}{SEALED}"
        digest = sha256(payload).hexdigest()
        await self.producer.send_and_wait(
            RAW,
            value,
            key=key,
            headers=[
                (FORMAT_HEADER, written.encode()),
                (TRACE_HEADER, tracing.start(digest)),
                *headers.items(),
            ],
        )


@asynccontextmanager
async def kafka_sink(
    settings: KafkaSettings, seal: Seal | None
) -> AsyncIterator[KafkaSink]:
    """A sink on these brokers; raises `SettingsError` EMB-405 where none answers."""
    async with raw_producer(settings, "ember-subscriber") as producer:
        yield KafkaSink(producer, seal)
