"""The Kafka clients of the registry's processes, and how they are tuned.

A consumer that is killed is missed after ten seconds, so that its partitions move
fast; a broker that is gone is asked again every two seconds at the latest.
"""

from __future__ import annotations

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaConnectionError, KafkaError

from registry.inbox.clients import Log, Producer
from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.reach import answers
from streams.app.observe.tracing import start
from streams.app.settings import KafkaSettings
from streams.vocabulary.topics import TRACE_HEADER


_GATHER_BYTES = 64 << 10
_GATHER_MS = 200
"""An archive may wait that long for that much; a verdict waits for nothing."""
_FETCH_BYTES = 16 << 20
_DELIVERY_MS = 9_000
"""Less than the relay waits: what it gave up must not arrive behind its back."""


def join(
    settings: KafkaSettings, *topics: str, name: str, records: int, gather: bool
) -> Log:
    """A member of the group `ember.NAME`; raises a `KafkaError` where no broker is."""
    _require(settings)
    consumer = KafkaConsumer(
        *topics,
        **kafka_python_options(settings),
        client_id=f"ember-{name}",
        group_id=f"ember.{name}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        metadata_max_age_ms=30_000,
        session_timeout_ms=10_000,
        heartbeat_interval_ms=3_000,
        max_poll_records=records,
        fetch_max_bytes=_FETCH_BYTES,
        fetch_min_bytes=_GATHER_BYTES if gather else 1,
        fetch_max_wait_ms=_GATHER_MS if gather else 500,
        reconnect_backoff_max_ms=2_000,
        bootstrap_timeout_ms=10_000,
        metrics_enabled=False,
    )
    try:
        for topic in topics:  # known before the group divides its partitions
            consumer.partitions_for_topic(topic)
    except KafkaError:
        consumer.close(autocommit=False, timeout_ms=1_000)
        raise
    joined: Log = consumer
    return joined


def producer(settings: KafkaSettings, name: str) -> Producer:
    """Waits for all in-sync replicas; raises a `KafkaError` where no broker is."""
    _require(settings)
    made: Producer = KafkaProducer(
        **kafka_python_options(settings),
        client_id=f"ember-{name}",
        acks="all",
        enable_idempotence=True,
        allow_auto_create_topics=False,
        delivery_timeout_ms=_DELIVERY_MS,
        request_timeout_ms=5_000,
        max_block_ms=5_000,
        reconnect_backoff_max_ms=2_000,
        bootstrap_timeout_ms=10_000,
        metrics_enabled=False,
    )
    return made


def traced(message_id: str) -> list[tuple[str, bytes]]:
    """The header with which a new trace begins."""
    return [(TRACE_HEADER, start(message_id))]


def _require(settings: KafkaSettings) -> None:
    # A client that cannot begin leaves a thread behind: look first.
    if not answers(settings):
        raise KafkaConnectionError
