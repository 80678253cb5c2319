"""Reading what lies in topics, once and to an end, without a consumer group.

Nothing is committed and nobody is rebalanced: the live system does not notice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from streams.app.kafka.connection import kafka_python_options
from streams.app.moments import moment_of
from streams.app.settings import KafkaSettings
from streams.vocabulary.errors import ErrorCode, SettingsError


Place = datetime | dict[int, int]
"""A moment of the broker's or the sender's clock, or the offset of each partition."""

_POLL = 500
"""Milliseconds."""
_HELD = 1_000
"""Records of one partition held while another has to catch up."""


@dataclass(slots=True)
class Span:
    """From which offset of each partition up to, and without, which."""

    first: dict[TopicPartition, int]
    end: dict[TopicPartition, int]
    open: set[TopicPartition] = field(init=False)
    """The partitions in which something is still to be read."""

    def __post_init__(self) -> None:
        self.open = {part for part, at in self.first.items() if at < self.end[part]}

    def __len__(self) -> int:
        """How many offsets it has."""
        return sum(self.end[part] - self.first[part] for part in self.open)


@contextmanager
def consumer_for(settings: KafkaSettings) -> Iterator[KafkaConsumer]:
    """A consumer of no group; raises `SettingsError` EMB-405."""
    try:
        consumer = KafkaConsumer(
            **kafka_python_options(settings),
            client_id="ember-reader",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            max_poll_records=5_000,
            metrics_enabled=False,
        )
    except (KafkaError, OSError) as fault:
        raise SettingsError(
            ErrorCode.KAFKA_UNREACHABLE,
            f"Kafka does not answer ({type(fault).__name__}).",
            "Check EMBER_KAFKA; for development, run `ember kafka up`.",
        ) from None
    try:
        yield consumer
    finally:
        consumer.close(autocommit=False)


def place_of(text: str, option: str) -> Place:
    """`2026-11-22T20:00Z`, or `0:1200,3:17` for offsets; raises EMB-402."""
    pairs = [part.partition(":") for part in text.split(",")]
    if all(left.isdigit() and right.isdigit() for left, _, right in pairs):
        return {int(left): int(right) for left, _, right in pairs}
    try:
        return moment_of(text, option)
    except SettingsError as fault:
        cure = f"{fault.cure} Offsets are written as 0:1200,3:17."
        raise SettingsError(fault.code, fault.problem, cure) from None


def span_of(
    consumer: KafkaConsumer,
    topic: str,
    *,
    since: Place | None = None,
    until: Place | None = None,
    after: Mapping[int, int] | None = None,
) -> Span:
    """What lies in a topic now, from `since` to before `until`, and after `after`.

    Raises `SettingsError` EMB-405 where there is no such topic.
    """
    try:
        known = consumer.partitions_for_topic(topic)
    except KafkaError as fault:
        raise _no_topic(topic, fault) from None
    if not known:
        raise _no_topic(topic, None)
    parts = [TopicPartition(topic, number) for number in sorted(known)]
    begin, end = consumer.beginning_offsets(parts), consumer.end_offsets(parts)
    low = begin if since is None else _offsets(consumer, parts, since, end)
    high = end if until is None else _offsets(consumer, parts, until, end)
    read = {p: (after or {}).get(p.partition, -1) + 1 for p in parts}
    return Span(
        first={p: max(begin[p], low.get(p, begin[p]), read[p]) for p in parts},
        end={p: min(end[p], high.get(p, end[p])) for p in parts},
    )


def _offsets(
    consumer: KafkaConsumer,
    parts: list[TopicPartition],
    place: Place,
    end: Mapping[TopicPartition, int],
) -> dict[TopicPartition, int]:
    """The first offset at or after the place, in the partitions it speaks of."""
    if not isinstance(place, datetime):
        return {p: place[p.partition] for p in parts if p.partition in place}
    at = int(place.timestamp() * 1_000)
    found = consumer.offsets_for_times(dict.fromkeys(parts, at))
    return {p: end[p] if found.get(p) is None else found[p].offset for p in parts}


def _no_topic(topic: str, fault: KafkaError | None) -> SettingsError:
    why = "" if fault is None else f" ({type(fault).__name__})"
    return SettingsError(
        ErrorCode.KAFKA_UNREACHABLE,
        f"There is no topic {topic} to read from{why}.",
        "See `ember kafka topics --check`.",
    )


def records_in(
    consumer: KafkaConsumer, span: Span, stopping: Event | None = None
) -> Iterator[ConsumerRecord]:
    """What lies in the span, each partition in order."""
    _begin(consumer, span)
    while span.open and not (stopping and stopping.is_set()):
        for batch in _polled(consumer, span).values():
            yield from batch


def records_by_time(
    consumer: KafkaConsumer, span: Span, stopping: Event | None = None
) -> Iterator[ConsumerRecord]:
    """What lies in the span, by the records' own time; each partition in order.

    Holds a bounded number of records.
    """
    _begin(consumer, span)
    held: dict[TopicPartition, deque[ConsumerRecord]] = {
        part: deque() for part in span.open
    }
    while (span.open or any(held.values())) and not (stopping and stopping.is_set()):
        if any(not held[part] for part in span.open):
            for part, batch in _polled(consumer, span).items():
                held[part].extend(batch)
            _hold_back(consumer, span, held)
            continue
        first = min((d for d in held.values() if d), key=lambda d: d[0].timestamp)
        yield first.popleft()


def _hold_back(
    consumer: KafkaConsumer,
    span: Span,
    held: Mapping[TopicPartition, deque[ConsumerRecord]],
) -> None:
    """Fetch no more of a partition that has enough; go on with those that have not."""
    for part in span.open:
        if len(held[part]) >= _HELD:
            consumer.pause(part)
        else:
            consumer.resume(part)


def _begin(consumer: KafkaConsumer, span: Span) -> None:
    consumer.assign(sorted(span.open))
    for part in span.open:
        consumer.resume(part)  # an earlier reading may have left it paused
        consumer.seek(part, span.first[part])


def _polled(
    consumer: KafkaConsumer, span: Span
) -> dict[TopicPartition, list[ConsumerRecord]]:
    """The next records of the span; partitions read to their end leave it."""
    if not span.open:
        return {}
    polled = consumer.poll(timeout_ms=_POLL)
    found = {
        part: [record for record in batch if record.offset < span.end[part]]
        for part, batch in polled.items()
        if part in span.open
    }
    for part in [p for p in span.open if consumer.position(p) >= span.end[p]]:
        span.open.discard(part)
        consumer.pause(part)
    return found


def behind(
    settings: KafkaSettings, consumer: KafkaConsumer, group: str, topic: str
) -> int | None:
    """Records of a topic that a group has still to commit; None for an unknown group."""
    admin = KafkaAdminClient(**kafka_python_options(settings))
    try:
        committed = admin.list_group_offsets(group).get(group, {})
    except KafkaError:
        return None
    finally:
        admin.close()
    span = span_of(consumer, topic)
    done = {p: at.offset for p, at in committed.items() if p in span.end}
    if not done:
        return None
    left = [max(0, end - done.get(p, span.first[p])) for p, end in span.end.items()]
    return int(sum(left))
