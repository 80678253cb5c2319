"""History, whenever nothing fresh waits.

It has a consumer of its own: were it read by the app's, records that must wait would
fill the buffer through which the fresh ones come.
A worker reads the history of the patients whose logs are its own; a partition that two
workers read for a moment is entered twice, and counts once.
History gives way and is kept for a week only: what retention took unread is told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, KafkaTimeoutError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata
from faust.types import TP, AppT

from streams.app.kafka.connection import aiokafka_options
from streams.app.kafka.topics import APP_ID
from streams.app.live.in_order import Gone, InOrder
from streams.app.live.intake import Intake
from streams.app.live.turn import Record
from streams.app.settings import KafkaSettings
from streams.vocabulary.topics import BACKFILL, EVENTS, RAW


GROUP = f"{APP_ID}.backfill"
AT_ONCE = 200
"""Records of history that may lie before a fresh one, at most."""
_PAUSE = 0.05
_LAG_EVERY = 5.0
"""Seconds."""
_FRESH = (RAW, EVENTS)


@dataclass(slots=True)
class Backfill:
    """The history that one worker lets in."""

    app: AppT
    kafka: KafkaSettings
    order: InOrder
    intake: Intake
    gone: Gone
    _lag_at: float = -_LAG_EVERY
    """When it was last asked how much history waits."""

    async def run(self) -> None:
        """Until the app ends; raises what is wrong around it."""
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self.kafka),
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="none",  # it would skip what is gone, and say nothing
        )
        await consumer.start()
        try:
            while not self.app.should_stop:
                await self._follow(consumer)
                await self._measure(consumer)
                if not consumer.assignment() or not await self._is_idle():
                    await asyncio.sleep(_PAUSE)
                else:
                    await self._let_in(consumer)
        finally:
            await consumer.stop()

    async def _is_idle(self) -> bool:
        """Whether nothing fresh waits, but for what a turn takes anyway."""
        waiting = await self.order.behind(_FRESH) > AT_ONCE
        self.intake.account.metrics.backfill_waiting.set(waiting)
        return not waiting

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        """Read the partitions whose logs are this worker's, and no others."""
        mine: set[TopicPartition] = set()
        if not self.app.rebalancing:
            mine = {
                TopicPartition(BACKFILL, tp.partition)
                for tp in self.app.consumer.assignment()
                if tp.topic == EVENTS
            }
        if mine != consumer.assignment():
            self._tell_lag(dict.fromkeys(consumer.assignment() - mine, 0))
            consumer.unsubscribe()
            if mine:
                with _patient():
                    await self._begin(consumer, sorted(mine))

    async def _begin(
        self, consumer: AIOKafkaConsumer, mine: Collection[TopicPartition]
    ) -> None:
        """Where the group has committed, or else where each partition begins now."""
        reached = {tp: await consumer.committed(tp) for tp in mine}
        ranges = await _ranges(consumer, mine)
        consumer.assign(mine)
        await self._go_on(consumer, reached, ranges)

    async def _begin_again(
        self, consumer: AIOKafkaConsumer, lost: Collection[TopicPartition]
    ) -> None:
        """Retention took in the middle of a run what would have come next."""
        reached = {tp: await consumer.position(tp) for tp in lost}
        await self._go_on(consumer, reached, await _ranges(consumer, lost))

    async def _go_on(
        self,
        consumer: AIOKafkaConsumer,
        reached: Mapping[TopicPartition, int | None],
        ranges: Mapping[TopicPartition, tuple[int, int]],
    ) -> None:
        """Read on where there is something.

        A begin is committed at once: a loss is told once, and one before the first
        record is known for a loss.
        """
        begun: dict[TopicPartition, OffsetAndMetadata] = {}
        for tp, (begin, end) in ranges.items():
            place = self._place(tp, reached[tp], begin, end)
            consumer.seek(tp, place)
            if place != reached[tp]:
                begun[tp] = OffsetAndMetadata(place, "")
        if begun:
            await consumer.commit(begun)

    def _place(
        self, tp: TopicPartition, reached: int | None, begin: int, end: int
    ) -> int:
        """Where to read on; what lies between is gone, and a person is told."""
        if reached is None or reached > end:  # new to us, or another log
            return begin
        if begin > reached:
            self.order.skipped += begin - reached
            self.gone(TP(tp.topic, tp.partition), reached, begin)
        return max(begin, reached)

    async def _measure(self, consumer: AIOKafkaConsumer) -> None:
        """How much history waits, also while it gives way and nothing is read."""
        now = time.monotonic()
        mine = consumer.assignment()
        if not mine or now - self._lag_at < _LAG_EVERY:
            return
        with _patient():
            ends = await consumer.end_offsets(list(mine))
            self._tell_lag({tp: ends[tp] - await consumer.position(tp) for tp in mine})
            self._lag_at = now

    def _tell_lag(self, lag: Mapping[TopicPartition, int]) -> None:
        level = self.intake.account.metrics.lag
        for tp, count in lag.items():
            level.set(max(0, count), topic=tp.topic, partition=str(tp.partition))

    async def _let_in(self, consumer: AIOKafkaConsumer) -> None:
        try:
            fetched = await consumer.getmany(timeout_ms=200, max_records=AT_ONCE)
        except OffsetOutOfRangeError as fault:
            (places,) = fault.args
            with _patient():
                lost = places.keys() & consumer.assignment()
                await self._begin_again(consumer, lost)
            return
        records = [_record(one) for some in fetched.values() for one in some]
        if not records:
            return
        if await self.intake.take(records):
            await consumer.commit()
        else:
            consumer.unsubscribe()  # whoever has the partitions begins where it was


async def _ranges(
    consumer: AIOKafkaConsumer, places: Collection[TopicPartition]
) -> dict[TopicPartition, tuple[int, int]]:
    """Where each partition begins and ends now."""
    begins = await consumer.beginning_offsets(list(places))
    ends = await consumer.end_offsets(list(places))
    return {tp: (begins[tp], ends[tp]) for tp in places}


@contextmanager
def _patient() -> Iterator[None]:
    """A broker that does not answer now is asked again in the next round."""
    try:
        yield
    except KafkaError as fault:
        if not (fault.retriable or isinstance(fault, KafkaTimeoutError)):
            raise


def _record(fetched: Any) -> Record:  # noqa: ANN401 - aiokafka's own
    return Record(
        topic=fetched.topic,
        partition=fetched.partition,
        offset=fetched.offset,
        key=fetched.key or b"",
        value=fetched.value or b"",
        headers=dict(fetched.headers),
        stamped_at=datetime.fromtimestamp(fetched.timestamp / 1000, UTC),
    )
