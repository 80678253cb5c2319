"""What lies in a topic, fed again as history; and patients judged anew.

Both go on beside the live system: they read without a group and write at a pace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from threading import Event

from kafka import KafkaConsumer
from kafka.consumer.fetcher import ConsumerRecord

from streams.app.kafka.feeder import Outgoing
from streams.app.kafka.feeding import outgoing, tick
from streams.app.kafka.progress import Progress
from streams.app.kafka.reading import Place, records_by_time, records_in, span_of
from streams.pipeline.ingest import Received, ingest
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.messages import LOGGED, EhrMessage, Logged, decode
from streams.vocabulary.topics import (
    BACKFILL,
    CONTROL_HEADER,
    DIGEST_HEADER,
    EVENTS,
    FORMAT_HEADER,
    RAW,
    RECEIVED_HEADER,
    SENDER_HEADER,
    TRACE_HEADER,
    is_as_written,
)


READABLE = (EVENTS, RAW, BACKFILL)
"""The topics that messages of a record system lie in."""

_LIVE = b'"provenance":"live"'
"""As `encode` writes it; no event has a field of that name, and a quote inside a
string is escaped."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class TopicReplay:
    """The messages of a part of a topic as records of history.

    The position of a record is its offset, the stream its partition.
    """

    topic: str
    since: Place | None = None
    until: Place | None = None
    sent: int = 0
    passed_over: int = 0
    """Roster, ticks, protocols: they are the live system's own affair."""
    unreadable: int = 0
    """Bad in themselves: they lie in `ehr.rejected` already."""

    def __post_init__(self) -> None:
        if self.topic not in READABLE:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"{self.topic} holds no messages of a record system.",
                f"Use one of: {', '.join(READABLE)}.",
            )

    def records(
        self, consumer: KafkaConsumer, progress: Progress, stopping: Event
    ) -> Iterator[Outgoing]:
        """What was not fed before, up to what lies there now."""
        known = consumer.partitions_for_topic(self.topic) or ()
        span = span_of(
            consumer,
            self.topic,
            since=self.since,
            until=self.until,
            after={part: progress.after(str(part)) for part in known},
        )
        for record in records_by_time(consumer, span, stopping):
            if is_as_written(_form(record)):
                self.sent += 1
                yield _again(record)
                continue
            message = self._message(record)
            if message is not None:
                self.sent += 1
                yield outgoing(
                    message, position=record.offset, stream=str(record.partition)
                )

    def _message(self, record: ConsumerRecord) -> EhrMessage | None:
        try:
            message = _read(record)
        except InputError:
            self.unreadable += 1
            return None
        if not isinstance(message, EhrMessage):
            self.passed_over += 1
            return None
        if message.provenance != "live":
            return message
        return replace(message, provenance="history")


def _read(record: ConsumerRecord) -> Logged:
    """The message, live ones as known when the broker had them."""
    if record.topic == EVENTS:
        return decode(LOGGED, record.value or b"")
    received = Received(
        topic=record.topic,
        value=record.value or b"",
        form=_form(record),
        received_at=_stamp(record),
    )
    return ingest(received).message


def _again(record: ConsumerRecord) -> Outgoing:
    """Bytes as their source wrote them, with the moment they were received first."""
    headers = dict(record.headers)
    received = headers.get(RECEIVED_HEADER, b"")
    if record.topic == RAW:
        received = iso(_stamp(record)).encode()
    kept = {name: headers[name] for name in _KEPT if name in headers}
    return Outgoing(
        key=record.key or b"",
        value=record.value or b"",
        headers=tuple({**kept, RECEIVED_HEADER: received}.items()),
        moment=_stamp(record).timestamp(),
        stream=str(record.partition),
        position=record.offset,
    )


_KEPT = (FORMAT_HEADER, SENDER_HEADER, CONTROL_HEADER, DIGEST_HEADER, TRACE_HEADER)


def _form(record: ConsumerRecord) -> str:
    """How its bytes are to be read; the patients' logs hold our own form alone."""
    if record.topic == EVENTS:
        return ""
    form: bytes = dict(record.headers).get(FORMAT_HEADER, b"")
    return form.decode(errors="replace")


def _stamp(record: ConsumerRecord) -> datetime:
    return _EPOCH + timedelta(milliseconds=record.timestamp)


# -- judged anew -------------------------------------------------------------------


def live_patients(
    consumer: KafkaConsumer, stopping: Event | None = None
) -> list[tuple[str, str]]:
    """Site and patient of everybody of whose log something is live, sorted.

    For these real time passes; a patient of history is never judged at the present.
    """
    span = span_of(consumer, EVENTS)
    keys = {
        record.key
        for record in records_in(consumer, span, stopping)
        if record.key and _LIVE in (record.value or b"")
    }
    return sorted(_patient(key.decode()) for key in keys)


def listed_patients(lines: Iterable[str]) -> list[tuple[str, str]]:
    """`site/patient` a line; raises `InputError` EMB-103 with the line's number."""
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        site, patient = _patient(line.strip())
        if not (site and patient):
            raise InputError(
                ErrorCode.MALFORMED_ROW,
                f"Line {number} names no patient.",
                "Write site/patient, one a line.",
            )
        found.append((site, patient))
    return found


def _patient(key: str) -> tuple[str, str]:
    site, _, patient = key.partition("/")
    return site, patient


def ticks_now(
    patients: Iterable[tuple[str, str]], at: datetime, *, per_second: float
) -> Iterator[Outgoing]:
    """One tick each, so many a second: fresh events must not wait behind them."""
    for position, (site, patient) in enumerate(patients):
        record = outgoing(tick(site, patient, at, "live"), position=position)
        yield replace(record, moment=position / per_second)
