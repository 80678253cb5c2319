"""History, whenever nothing fresh waits.

It has a consumer of its own: were it read by the app's, records that must wait would
fill the buffer through which the fresh ones come.
A worker reads the history of the patients whose logs are its own; a partition that two
workers read for a moment is entered twice, and counts once.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.types import AppT

from streams.app.kafka.connection import aiokafka_options
from streams.app.kafka.topics import APP_ID
from streams.app.live.in_order import InOrder
from streams.app.live.intake import Intake
from streams.app.live.turn import Record
from streams.app.settings import KafkaSettings
from streams.vocabulary.topics import BACKFILL, EVENTS, RAW


GROUP = f"{APP_ID}.backfill"
AT_ONCE = 200
"""Records of history that may lie before a fresh one, at most."""
_PAUSE = 0.05
_FRESH = (RAW, EVENTS)


@dataclass(slots=True)
class Backfill:
    """The history that one worker lets in."""

    app: AppT
    kafka: KafkaSettings
    order: InOrder
    intake: Intake

    async def run(self) -> None:
        """Until the app ends; raises what is wrong around it."""
        consumer = AIOKafkaConsumer(
            **aiokafka_options(self.kafka),
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            while not self.app.should_stop:
                await self._follow(consumer)
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
            consumer.unsubscribe()
            if mine:
                consumer.assign(sorted(mine))

    async def _let_in(self, consumer: AIOKafkaConsumer) -> None:
        fetched = await consumer.getmany(timeout_ms=200, max_records=AT_ONCE)
        records = [_record(one) for some in fetched.values() for one in some]
        if records:
            await self.intake.take(records)
            await consumer.commit()


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
