"""From a source to records: checked, marked by instant, no larger than allowed.

After a history, one clock tick for each patient, so far ahead that every check that
will ever fall due fires, each at its own moment.
Ticks travel the way the messages went, so none overtakes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count, groupby
from pathlib import Path
from typing import BinaryIO

import orjson

from streams.app.kafka.feeder import Outgoing
from streams.app.observe import tracing
from streams.pipeline.ingest import Received, ingest
from streams.pipeline.instants import by_instant
from streams.vocabulary.clock import DAY
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.ids import identity, message_identity
from streams.vocabulary.messages import (
    CLOCK_TICK,
    EHR_MESSAGE,
    ClockTick,
    EhrMessage,
    Provenance,
    decode,
    encode,
)
from streams.vocabulary.topics import (
    CANONICAL,
    FORMAT_HEADER,
    RAW,
    TRACE_HEADER,
    patient_key,
)


MESSAGE_BYTES = 256 * 1024
"""The largest message; what is larger is sent in parts that are judged as one."""
FAR = 400 * DAY
"""How far after the last message the closing ticks are: longer than any follow-up."""

_LIVE: Provenance = "live"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Source:
    """Messages of one source as records; it may be run through once."""

    messages: Iterable[EhrMessage]
    ends: bool
    """Whether time is driven to its end after the last message."""
    sent: int = 0
    """Messages made into records, parts of one counted each."""
    ticks: int = 0
    _until: datetime | None = None
    _patients: dict[tuple[str, str], Provenance] = field(default_factory=dict)

    def records(self) -> Iterator[Outgoing]:
        """The messages in order, then the closing ticks; positions count from 0."""
        position = count()
        for message in in_instants(self.messages):
            self._hear(message)
            for part in parts(message):
                self.sent += 1
                yield outgoing(part, position=next(position))
        if self.ends:
            for tick in self._closing_ticks():
                self.ticks += 1
                yield outgoing(tick, position=next(position))

    def _hear(self, message: EhrMessage) -> None:
        patient = (message.site, message.patient)
        if self._patients.get(patient) != _LIVE:
            self._patients[patient] = message.provenance
        if self._until is None or message.known_at > self._until:
            self._until = message.known_at

    def _closing_ticks(self) -> Iterator[ClockTick]:
        """For whoever was never heard live: those live in real time."""
        if self._until is None:
            return
        for (site, patient), provenance in sorted(self._patients.items()):
            if provenance != _LIVE:
                yield tick(site, patient, self._until + FAR, provenance)


def tick(site: str, patient: str, at: datetime, provenance: Provenance) -> ClockTick:
    """Time passed for one patient; the same moment gives the same message."""
    return ClockTick(
        message_id=identity("tick", site, patient, at.isoformat()),
        site=site,
        patient=patient,
        happened_at=at,
        known_at=at,
        source="clock",
        provenance=provenance,
    )


def in_instants(messages: Iterable[EhrMessage]) -> Iterator[EhrMessage]:
    """History marked and ordered by instant; what is live has no instant but receipt."""
    for live, run in groupby(messages, lambda message: message.provenance == _LIVE):
        if live:
            yield from run
        else:
            for instant in by_instant(run):
                yield from instant


def parts(message: EhrMessage) -> Iterator[EhrMessage]:
    """The message, or its events in as many messages as it takes, each but one going on.

    Raises `InputError` EMB-110 for one event that is too large by itself.
    """
    if len(encode(EHR_MESSAGE, message)) <= MESSAGE_BYTES:
        yield message
        return
    cut = list(_cut(message))
    for number, part in enumerate(cut):
        name = f"{message.message_id}|{number}"
        yield replace(
            part,
            message_id=message_identity(message.site, message.source, name),
            continues=True if number < len(cut) - 1 else message.continues,
        )


def _cut(message: EhrMessage) -> Iterator[EhrMessage]:
    if len(encode(EHR_MESSAGE, message)) <= MESSAGE_BYTES:
        yield message
        return
    if len(message.events) < 2:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"One event of message {message.message_id} is larger than 256 KB.",
            "Store what is large elsewhere, and refer to it.",
        )
    half = len(message.events) // 2
    yield from _cut(replace(message, events=message.events[:half]))
    yield from _cut(replace(message, events=message.events[half:]))


def outgoing(
    message: EhrMessage | ClockTick, *, position: int, stream: str = "source"
) -> Outgoing:
    """The message as a record; a tick is never waited for."""
    if isinstance(message, ClockTick):
        value, moment = encode(CLOCK_TICK, message), None
    else:
        value, moment = encode(EHR_MESSAGE, message), message.known_at.timestamp()
    return Outgoing(
        key=patient_key(message.site, message.patient),
        value=value,
        headers=_headers(message.message_id),
        moment=moment,
        stream=stream,
        position=position,
    )


def _headers(message_id: str) -> tuple[tuple[str, bytes], ...]:
    return (
        (FORMAT_HEADER, CANONICAL.encode()),
        (TRACE_HEADER, tracing.start(message_id)),
    )


# -- files of canonical messages ---------------------------------------------------


def checked_lines(lines: Iterable[bytes], *, backfill: bool) -> Iterator[EhrMessage]:
    """One message a line; blank lines are forgiven.

    Raises `InputError` EMB-110, EMB-111 with the line's number; history must be in
    the order of `known_at`, and what is live is no backfill.
    """
    reached = _EPOCH
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        message = _checked(number, line)
        if message.provenance == _LIVE:
            if backfill:
                raise _bad(number, "is live, and the backfill is history")
        elif message.known_at < reached:
            raise _bad(number, "became known before the line above it")
        else:
            reached = message.known_at
        yield message


def _checked(number: int, line: bytes) -> EhrMessage:
    received = Received(topic=RAW, value=line, form=CANONICAL, received_at=_EPOCH)
    try:
        message = ingest(received).message
    except InputError as fault:
        raise InputError(
            fault.code, f"Line {number}: {fault.problem}", fault.cure
        ) from None
    if not isinstance(message, EhrMessage):
        raise _bad(number, f"is a {message.type}, no message of a record system")
    return message if message.provenance != _LIVE else decode(EHR_MESSAGE, line)


def _bad(number: int, problem: str) -> InputError:
    return InputError(
        ErrorCode.MALFORMED_MESSAGE,
        f"Line {number} {problem}.",
        "Mend the line; with --raw every line is sent as it is.",
    )


def raw_lines(lines: Iterable[bytes]) -> Iterator[Outgoing]:
    """Each line's bytes as they are; keyed by patient where they say whose they are."""
    for position, line in enumerate(lines):
        value = line.removesuffix(b"\n")
        key, moment = _gleaned(value)
        yield Outgoing(
            key=key,
            value=value,
            headers=_headers(sha256(value).hexdigest()),
            moment=moment,
            position=position,
        )


def _gleaned(value: bytes) -> tuple[bytes | None, float | None]:
    """Key and moment, where the bytes can be read so far."""
    try:
        said = orjson.loads(value)
        key = patient_key(str(said["site"]), str(said["patient"]))
    except (ValueError, KeyError, TypeError):
        return None, None
    try:
        return key, datetime.fromisoformat(said["known_at"]).timestamp()
    except (ValueError, KeyError, TypeError):
        return key, None


def fingerprint_of(path: Path) -> str:
    """What singles out the content of a file; raises `SettingsError` EMB-403."""
    digest = sha256()
    with opened(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def opened(path: Path) -> BinaryIO:
    """The file for reading; raises `SettingsError` EMB-403."""
    try:
        return path.open("rb")
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} cannot be read ({fault.strerror}).",
            "Give a file with one message as JSON a line, or - for the standard input.",
        ) from None
