"""What Ember's consumer groups read, and how far they have come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from streams.app.kafka.connection import kafka_python_options
from streams.app.kafka.topics import SINGLE
from streams.app.settings import KafkaSettings
from streams.vocabulary.messages import PROTOCOL_IN_FORCE, ProtocolInForce, encode
from streams.vocabulary.protocol import Protocol, canonical_json
from streams.vocabulary.topics import (
    BACKFILL,
    EVENTS,
    ONSETS,
    OUTCOMES,
    PROTOCOLS,
    RAW,
    ROSTER,
    SCREENINGS,
)


GROUPS = {
    "ember": (RAW, ROSTER, PROTOCOLS, EVENTS),
    "ember.backfill": (BACKFILL,),
    "ember.verdicts": (ONSETS, SCREENINGS, OUTCOMES),
    "ember.archive": (EVENTS,),
}
"""Who reads what."""


def ends(
    settings: KafkaSettings, *topics: str, partitions: int | None = None
) -> dict[TopicPartition, int]:
    """The end of each partition.

    Counted from the table of topics: a client that has just begun may know of none.
    """
    with closing(KafkaConsumer(**kafka_python_options(settings))) as consumer:
        return consumer.end_offsets(_places(settings, topics, partitions))


def unread(
    settings: KafkaSettings,
    group: str,
    topics: Iterable[str] = (),
    *,
    partitions: int | None = None,
) -> int:
    """Records that the group has not committed, of all its topics or of these."""
    wanted = {group: tuple(topics) or GROUPS[group]}
    return _left(settings, wanted, partitions)[group]


def all_unread(
    settings: KafkaSettings, *, partitions: int | None = None
) -> dict[str, int]:
    """Of each group, the records that it has not committed; all zero at rest."""
    return _left(settings, GROUPS, partitions)


def _left(
    settings: KafkaSettings,
    wanted: Mapping[str, tuple[str, ...]],
    partitions: int | None,
) -> dict[str, int]:
    """What was committed is asked first: what comes in between is then left, not missed."""
    with closing(KafkaAdminClient(**kafka_python_options(settings))) as admin:
        committed = admin.list_group_offsets(list(wanted))
    topics = {topic for read in wanted.values() for topic in read}
    end = ends(settings, *topics, partitions=partitions)
    left = {}
    for group, read in wanted.items():
        kept = committed.get(group, {})
        left[group] = sum(
            end[place] - (kept[place].offset if place in kept else 0)
            for place in _places(settings, read, partitions)
        )
    return left


def in_force(protocol: Protocol) -> bytes:
    """The record that puts a protocol into force."""
    told = ProtocolInForce(
        message_id=protocol.digest,
        trial=protocol.id,
        version=protocol.version,
        protocol_hash=protocol.digest,
        revision=1,
        activated_at=datetime(2026, 1, 1, tzinfo=UTC),
        document=canonical_json(protocol),
    )
    return encode(PROTOCOL_IN_FORCE, told)


def _places(
    settings: KafkaSettings, topics: Iterable[str], partitions: int | None
) -> list[TopicPartition]:
    many = partitions or settings.partitions
    return [
        TopicPartition(topic, number)
        for topic in topics
        for number in range(1 if topic in SINGLE else many)
    ]
