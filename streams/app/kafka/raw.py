"""A producer for `ehr.raw`, from which nothing is lost or doubled once it is there.

It is idempotent and waits for all copies (`acks=all`): it sends again as long as it
takes, and neither doubles a record nor changes the order of a partition.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streams.app.kafka.connection import aiokafka_options
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import RAW


Seal = Callable[[bytes], bytes]
"""Encrypts a payload; nobody reads it on Kafka without the key."""

RECORD_BYTES = 1_000_000
"""The largest value: the topic takes a batch of 1 MiB, headers included."""
_HEADERS_BYTES = 40 << 10


@asynccontextmanager
async def raw_producer(
    settings: KafkaSettings, client_id: str
) -> AsyncIterator[AIOKafkaProducer]:
    """The producer, started; raises `SettingsError` EMB-405 where it cannot write."""
    producer = AIOKafkaProducer(
        **aiokafka_options(settings),
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        max_batch_size=RECORD_BYTES,
        max_request_size=RECORD_BYTES + _HEADERS_BYTES,
        linger_ms=0,
    )
    try:
        try:
            await producer.start()
            if not await producer.partitions_for(RAW):
                raise _unwritable("it has no partitions")
        except KafkaError as fault:
            raise _unwritable(type(fault).__name__) from None
        yield producer
    finally:
        await producer.stop()


def _unwritable(why: str) -> SettingsError:
    return SettingsError(
        ErrorCode.KAFKA_UNREACHABLE,
        f"{RAW} cannot be written to ({why}).",
        "Check EMBER_KAFKA; run `ember kafka topics`; see `ember kafka acls`.",
    )
