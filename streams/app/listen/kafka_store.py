"""Durable by Kafka: `ehr.raw`, once all copies have the record."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer

from streams.app.kafka.raw import Seal, raw_producer
from streams.app.listen.store import RawMessage
from streams.app.observe import tracing
from streams.app.settings import KafkaSettings
from streams.vocabulary.clock import iso
from streams.vocabulary.topics import (
    CONTROL_HEADER,
    DIGEST_HEADER,
    FORMAT_HEADER,
    HL7V2,
    RAW,
    RECEIVED_HEADER,
    SEALED,
    SENDER_HEADER,
    TRACE_HEADER,
)


_HEADER_CHARACTERS = 200


@dataclass(slots=True)
class KafkaStore:
    """Writes to `ehr.raw`; with `seal`, nobody reads it there without the key."""

    producer: AIOKafkaProducer
    seal: Seal | None = None

    async def keep(self, message: RawMessage) -> asyncio.Future[object]:
        """As `Store` says."""
        value = message.payload if self.seal is None else self.seal(message.payload)
        future: asyncio.Future[object] = await self.producer.send(
            RAW,
            value,
            key=message.key,
            headers=self._headers(message),
        )
        return future

    def _headers(self, message: RawMessage) -> list[tuple[str, bytes]]:
        form = HL7V2 if self.seal is None else f"{HL7V2}{SEALED}"
        digest = message.digest.hex()
        return [
            (FORMAT_HEADER, form.encode()),
            (SENDER_HEADER, _short(message.sender)),
            (CONTROL_HEADER, _short(message.control_id)),
            (RECEIVED_HEADER, iso(message.received_at).encode()),
            (DIGEST_HEADER, digest.encode()),
            (TRACE_HEADER, tracing.start(digest)),
        ]


@asynccontextmanager
async def kafka_store(
    settings: KafkaSettings, seal: Seal | None, _: Callable[[BaseException], None]
) -> AsyncIterator[KafkaStore]:
    """A store on these brokers; what it cannot do later, its futures tell.

    Raises `SettingsError` EMB-405 where it cannot write.
    """
    async with raw_producer(settings, "ember-listener") as producer:
        yield KafkaStore(producer, seal)


def _short(text: str) -> bytes:
    return text[:_HEADER_CHARACTERS].encode("utf-8", "replace")
