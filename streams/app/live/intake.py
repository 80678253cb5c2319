"""The worker's door: raw records, the roster and protocols go into the patients' logs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from faust.types import AppT

from streams.app.live.account import Account
from streams.app.live.letters import letter, part_letter, posted
from streams.app.live.recollection import Recollection
from streams.app.live.sending import Sender
from streams.app.live.shelf import PartitionLost
from streams.app.live.turn import Output, Record
from streams.app.observe.tracing import carried, child
from streams.app.remembering import Unheard
from streams.pipeline.ingest import (
    Entry,
    Ingested,
    Reader,
    Received,
    as_read,
    ingest_as_written,
)
from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.messages import IDENTITY_SIGHTING, encode
from streams.vocabulary.topics import (
    BACKFILL,
    EVENTS,
    FHIR,
    FORMAT_HEADER,
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
    recollection: Recollection | None = None
    """Who reads FHIR, with what was remembered; None where no site is configured."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while records are on their way."""

    async def take(self, records: Sequence[Record]) -> bool:
        """Read the records in order; once True, the broker has all that follows.

        Where partitions changed hands meanwhile the records come again, here or
        elsewhere.
        """
        async with self.turn:
            return await self._whole(self._take(records))

    async def let_go(self, partitions: Iterable[int], now: datetime) -> None:
        """Tell what these partitions' readers have held too long."""
        if self.recollection is not None:
            async with self.turn:
                await self._whole(self._let_go(self.recollection, partitions, now))

    def forget(self) -> None:
        """Partitions have changed hands: what is in memory may be behind."""
        if self.recollection is not None:
            self.recollection.forget()

    async def _whole(self, work: Awaitable[None]) -> bool:
        """Whether it was done; what was read and not kept is forgotten."""
        try:
            await work
        except PartitionLost:
            self.forget()
            return False
        return True

    async def _let_go(
        self, recollection: Recollection, partitions: Iterable[int], now: datetime
    ) -> None:
        sender, generation = Sender(self.app), recollection.generation
        for partition in partitions:
            reader = await recollection.reader(partition)
            for late in reader.overdue(now) if reader is not None else ():
                self.account.read(late.form, late.read)
                await _send(sender, self._told_late(late, now))
        for partition, count in recollection.held():
            self.account.metrics.held.set(count, partition=str(partition))
        await self._settled(sender, generation)

    def _told_late(self, late: Unheard, now: datetime) -> Iterator[Output]:
        topic, partition, offset = late.record.split("/")
        record = Record(
            topic=topic,
            partition=int(partition),
            offset=int(offset),
            key=late.key,
            value=late.value or b"",
            headers={FORMAT_HEADER: late.form.encode()},
            stamped_at=now,
        )
        done = as_read(late.read)
        yield from self._outputs(record, replace(done, letter=None))
        if done.letter is not None:
            self.account.metrics.rejected.add(code=done.letter.code.value)
            yield posted(part_letter(record, done.letter, late.part))

    async def _take(self, records: Sequence[Record]) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        sender = Sender(self.app)
        generation = self.recollection.generation if self.recollection else 0
        for record in records:
            readers = await self._readers(record)
            try:
                done = self._ingested(record, readers)
                outputs = list(self._outputs(record, done))
                outcome = "rejected" if done.letter and not done.entries else "applied"
            except InputError as fault:
                outcome = "rejected"
                outputs = [self._letter(record, fault)]
            counts[record.topic, outcome] += 1
            await _send(sender, outputs)
        await self._settled(sender, generation)
        self.account.ingested(counts)

    async def _settled(self, sender: Sender, generation: int) -> None:
        """The broker has what was told; then what was remembered of it is kept."""
        await sender.settled()
        if self.recollection is None:
            return
        if generation != self.recollection.generation:
            raise PartitionLost
        writes = self.recollection.writes()
        if writes:
            shelf = self.recollection.shelf
            await shelf.send(writes, sender)
            shelf.store(writes, await sender.settled())

    async def _readers(self, record: Record) -> Mapping[str, Reader]:
        """Who may read the record; raises `PartitionLost` where that is not ours."""
        recollection, form = self.recollection, _form(record)
        if recollection is None or form not in recollection.site.forms:
            return self.readers
        reader = await recollection.reader(record.partition)
        if reader is None:
            raise PartitionLost
        return {form: reader}

    def _ingested(self, record: Record, readers: Mapping[str, Reader]) -> Ingested:
        form = _form(record)
        if is_as_written(form) and form not in readers:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"{record.topic} holds records of the form {form}, and this worker "
                "reads none.",
                "Name the site's configuration in EMBER_SITE, and its keys.",
            )
        done = ingest_as_written(_received(record, form), readers)
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


async def _send(sender: Sender, outputs: Iterable[Output]) -> None:
    for output in outputs:
        await sender.send(
            output.topic,
            output.key,
            output.value,
            partition=output.partition,
            headers=output.headers,
        )


def _form(record: Record) -> str:
    return record.headers.get(FORMAT_HEADER, b"").decode("ascii", "replace")


def _received(record: Record, form: str) -> Received:
    """Known at the broker's time; of bytes fed again, at that of their first receipt.

    An export's resources were received by nobody before, and date themselves.
    Raises `InputError` EMB-110 where nothing says it.
    """
    received = Received(
        topic=record.topic,
        value=record.value,
        form=form,
        received_at=record.stamped_at,
        stamped_at=record.stamped_at,
        record=f"{record.topic}/{record.partition}/{record.offset}",
    )
    if record.topic != BACKFILL or not is_as_written(form):
        return received
    if RECEIVED_HEADER not in record.headers and form.removesuffix(SEALED) == FHIR:
        return replace(received, dates_itself=True)
    try:
        told = record.headers[RECEIVED_HEADER].decode("ascii")
        return replace(received, received_at=in_utc(datetime.fromisoformat(told)))
    except (KeyError, ValueError):
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"The header {RECEIVED_HEADER} does not say when the record was received.",
            "Feed it again with `ember feed --from-topic`.",
        ) from None


def _trace(record: Record, entry: Entry) -> bytes:
    arrived = carried(record.headers.items(), entry.message.message_id)
    return child(arrived, "ingest")
