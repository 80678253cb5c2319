"""The worker's door: raw records, the roster and protocols go into the patients' logs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from faust.types import AppT

from streams.app.live.account import Account
from streams.app.live.letters import letter, posted
from streams.app.live.sending import Sender
from streams.app.live.turn import Output, Record
from streams.app.observe.tracing import carried, child
from streams.pipeline.ingest import (
    Entry,
    Ingested,
    Reader,
    Received,
    ingest_as_written,
)
from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.messages import IDENTITY_SIGHTING, encode
from streams.vocabulary.topics import (
    BACKFILL,
    EVENTS,
    FORMAT_HEADER,
    HL7V2,
    IDENTITIES,
    RECEIVED_HEADER,
    SEALED,
    TRACE_HEADER,
    TYPE_HEADER,
    is_as_written,
    patient_key,
)


@dataclass(slots=True)
class Intake:
    """Reads raw records; `partitions` of the log each get what concerns all."""

    app: AppT
    partitions: int
    account: Account
    readers: Mapping[str, Reader] = field(default_factory=dict)
    """By form, who reads what lies on `ehr.raw` as its source wrote it."""
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
            try:
                done = self._ingested(record)
                outputs = list(self._outputs(record, done))
                outcome = "rejected" if done.letter and not done.entries else "applied"
            except InputError as fault:
                outcome = "rejected"
                outputs = [self._letter(record, fault)]
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

    def _ingested(self, record: Record) -> Ingested:
        form = record.headers.get(FORMAT_HEADER, b"").decode("ascii", "replace")
        if form.removesuffix(SEALED) == HL7V2 and form not in self.readers:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"{record.topic} holds records of the form {form}, and this worker "
                "reads none.",
                "Name the site's configuration in EMBER_SITE, and its keys.",
            )
        done = ingest_as_written(
            Received(
                topic=record.topic,
                value=record.value,
                form=form,
                received_at=_received_at(record, form),
            ),
            self.readers,
        )
        if done.read is not None:
            self.account.read(form, done.read)
        return done

    def _outputs(self, record: Record, done: Ingested) -> Iterator[Output]:
        for entry in done.entries:
            yield from self._entered(record, entry)
        for sighting in done.read.sightings if done.read is not None else ():
            key = patient_key(sighting.site, sighting.patient)
            yield Output(IDENTITIES, key, encode(IDENTITY_SIGHTING, sighting))
        if done.letter is not None:
            yield self._letter(record, done.letter)

    def _letter(self, record: Record, fault: InputError) -> Output:
        self.account.metrics.rejected.add(code=fault.code.value)
        return posted(letter(record, fault))

    def _entered(self, record: Record, entry: Entry) -> Iterator[Output]:
        headers = {TRACE_HEADER: _trace(record, entry)}
        if entry.key is not None:
            yield Output(EVENTS, entry.key, entry.payload, headers)
            return
        headers[TYPE_HEADER] = entry.message.type.encode()
        for partition in range(self.partitions):
            yield Output(EVENTS, record.key, entry.payload, headers, partition)


def _received_at(record: Record, form: str) -> datetime:
    """The broker's time; of bytes that are fed again, that of their first receipt.

    Raises `InputError` EMB-110 where nothing says it.
    """
    if record.topic != BACKFILL or not is_as_written(form):
        return record.stamped_at
    try:
        told = record.headers[RECEIVED_HEADER].decode("ascii")
        return in_utc(datetime.fromisoformat(told))
    except (KeyError, ValueError):
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"The header {RECEIVED_HEADER} does not say when the record was received.",
            "Feed it again with `ember feed --from-topic`.",
        ) from None


def _trace(record: Record, entry: Entry) -> bytes:
    arrived = carried(record.headers.items(), entry.message.message_id)
    return child(arrived, "ingest")
