"""The worker's door: raw records, the roster and protocols go into the patients' logs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from faust.types import AppT

from streams.app.live.account import Account
from streams.app.live.letters import letter, posted
from streams.app.live.sending import Sender
from streams.app.live.turn import Output, Record
from streams.app.observe.tracing import carried, child
from streams.pipeline.ingest import Entry, Received, ingest
from streams.vocabulary.errors import InputError
from streams.vocabulary.topics import (
    EVENTS,
    FORMAT_HEADER,
    TRACE_HEADER,
    TYPE_HEADER,
)


@dataclass(slots=True)
class Intake:
    """Reads raw records; `partitions` of the log each get what concerns all."""

    app: AppT
    partitions: int
    account: Account
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while records are on their way."""

    async def take(self, records: Sequence[Record]) -> bool:
        """Read the records in order; on return the broker has all that follows."""
        async with self.turn:
            await self._take(records)
        return True

    async def _take(self, records: Sequence[Record]) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        sender = Sender(self.app)
        for record in records:
            outcome = "applied"
            try:
                outputs = list(self._entered(record))
            except InputError as fault:
                outcome = "rejected"
                outputs = [posted(letter(record, fault))]
                self.account.metrics.rejected.add(code=fault.code.value)
            counts[record.topic, outcome] += 1
            for output in outputs:
                await sender.send(
                    output.topic,
                    output.key,
                    output.value,
                    partition=output.partition,
                    headers=output.headers,
                )
        await sender.settled()
        self.account.ingested(counts)

    def _entered(self, record: Record) -> Iterator[Output]:
        form = record.headers.get(FORMAT_HEADER, b"").decode("ascii", "replace")
        entry = ingest(
            Received(
                topic=record.topic,
                value=record.value,
                form=form,
                received_at=record.stamped_at,
            )
        )
        headers = {TRACE_HEADER: _trace(record, entry)}
        if entry.key is not None:
            yield Output(EVENTS, entry.key, entry.payload, headers)
            return
        headers[TYPE_HEADER] = entry.message.type.encode()
        for partition in range(self.partitions):
            yield Output(EVENTS, record.key, entry.payload, headers, partition)


def _trace(record: Record, entry: Entry) -> bytes:
    arrived = carried(record.headers.items(), entry.message.message_id)
    return child(arrived, "ingest")
