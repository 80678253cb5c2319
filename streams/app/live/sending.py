"""Sending through the app's producer, and knowing when the broker has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from faust.types import TP, AppT
from faust.types.tuples import RecordMetadata


@dataclass(slots=True)
class Sender:
    """Records on their way; `settled` waits until the broker has all of them."""

    app: AppT
    _on_the_way: list[Awaitable[RecordMetadata]] = field(default_factory=list)

    async def send(
        self,
        topic: str,
        key: bytes,
        value: bytes | None,
        *,
        partition: int | None = None,
        headers: dict[str, bytes] | None = None,
    ) -> None:
        """Hand one record to the producer; without a partition the key decides."""
        self._on_the_way.append(
            await self.app.producer.send(
                topic, key, value, partition, None, headers or {}
            )
        )

    async def settled(self) -> dict[TP, tuple[int, int]]:
        """The first and last offset by partition; raises where one record failed."""
        waiting, self._on_the_way = self._on_the_way, []
        spans: dict[TP, tuple[int, int]] = {}
        for sent in await asyncio.gather(*waiting):
            at = TP(sent.topic, sent.partition)
            first, last = spans.get(at, (sent.offset, sent.offset))
            spans[at] = (min(first, sent.offset), max(last, sent.offset))
        return spans
