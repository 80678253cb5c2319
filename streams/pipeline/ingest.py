"""Ingest: from bytes as received to what a patient's log may hold.

A live message became known when the broker had it; the sender's own word for that
counts only for history, where the rule of the table was applied.
What is written as its source wrote it is read by whoever is handed in for its form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Correction, Event
from streams.vocabulary.messages import (
    LOGGED,
    PROTOCOL_IN_FORCE,
    ROSTER_ENTRY,
    ClockTick,
    EhrMessage,
    IdentitySighting,
    Logged,
    decode,
    encode,
)
from streams.vocabulary.topics import (
    BACKFILL,
    CANONICAL,
    PROTOCOLS,
    RAW,
    ROSTER,
    patient_key,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One record as the broker has it."""

    topic: str
    value: bytes
    form: str
    """How the bytes are to be read: the record's `ember-format`."""
    received_at: datetime
    """The broker's time of the record; of one fed again, the time it had at first."""
    stamped_at: datetime | None = None
    """The broker's time of the record, where that is another."""
    dates_itself: bool = False
    """Whether nobody noted when its source had it first: history that must say when it
    was known."""
    record: str = ""
    """Its place, `topic/partition/offset`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes into a log: of one patient, or, without a key, into all of them."""

    key: bytes | None
    message: Logged
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMessage:
    """A message as its source wrote it, read as far as it can be."""

    outcome: Literal["mapped", "filed", "rejected"]
    messages: tuple[EhrMessage, ...] = ()
    """What it tells, of however many patients."""
    faults: tuple[InputError, ...] = ()
    """Which parts could not be used, or why all of it was rejected."""
    unmapped: int = 0
    """Codes that are in no map."""
    sightings: tuple[IdentitySighting, ...] = ()
    """Identifiers for the vault, sealed."""


Reader = Callable[[Received], SourceMessage]
"""Reads one form; never raises for what is in the bytes, save an `InputError`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What one record gives."""

    entries: tuple[Entry, ...]
    letter: InputError | None = None
    """Why the record, or a part of it, goes to the dead letters."""
    read: SourceMessage | None = None
    """None where the record was in Ember's own form."""


LARGEST = 256 << 10
"""Bytes of a record; what is larger is split, or stored and referred to."""


def ingest(received: Received) -> Entry:
    """What the record says, as an entry of the log.

    Raises `InputError` EMB-110, EMB-111 or EMB-115 for what is bad in itself.
    """
    if len(received.value) > LARGEST:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            f"The record has {len(received.value)} bytes, more than {LARGEST}.",
            "Split it; all parts but the last say that they continue.",
        )
    try:
        read = _READERS[received.topic]
    except KeyError:
        raise _unknown_form(received) from None
    return read(received)


def ingest_as_written(received: Received, readers: Mapping[str, Reader]) -> Ingested:
    """What the record says, be it in the form its source has it in.

    Raises `InputError` as `ingest` does, and for a record that its reader cannot open.
    """
    reader = readers.get(received.form)
    if reader is None or received.topic not in (RAW, BACKFILL):
        return Ingested(entries=(ingest(received),))
    return as_read(reader(received))


def as_read(read: SourceMessage) -> Ingested:
    """What was read, as entries of logs."""
    return Ingested(
        entries=tuple(_entry(message) for message in read.messages),
        letter=in_one(read.faults),
        read=read,
    )


def in_one(faults: tuple[InputError, ...]) -> InputError | None:
    """All faults in one: a record has one letter."""
    if not faults:
        return None
    told = " ".join(str(fault) for fault in faults[1:_FAULTS_TOLD])
    first, more = faults[0], len(faults) - _FAULTS_TOLD
    rest = f" {told}" if told else ""
    rest += f" And {more} more." if more > 0 else ""
    return InputError(first.code, f"{first.problem}{rest}", first.cure)


_FAULTS_TOLD = 20
"""Of one record."""


def _raw(received: Received) -> Entry:
    message = _canonical(received)
    if isinstance(message, EhrMessage) and message.provenance == "live":
        return _entry(_stamped(message, received.received_at))
    return _entry(message, received.value)


def _backfill(received: Received) -> Entry:
    message = _canonical(received)
    if isinstance(message, EhrMessage) and message.provenance == "live":
        return _entry(replace(message, provenance="history"))
    return _entry(message, received.value)


def _canonical(received: Received) -> EhrMessage | ClockTick:
    if received.form != CANONICAL:
        raise _unknown_form(received)
    message = decode(LOGGED, received.value)
    match message:
        case EhrMessage() if message.provenance == "live":
            return message
        case EhrMessage():
            _check_known(message)
            return message
        case ClockTick() if message.provenance != "live":
            return message
    raise InputError(
        ErrorCode.MALFORMED_MESSAGE,
        f"A {message.type} does not come by {received.topic}.",
        "The registry writes the roster and protocols, the worker real time.",
    )


def _check_known(message: EhrMessage) -> None:
    """No event is known later than its message: it would be acted on too early."""
    for at, event in enumerate(message.events):
        if event.known_at > message.known_at:
            raise InputError(
                ErrorCode.MALFORMED_MESSAGE,
                f"At events.{at}.known_at: later than the message's known_at.",
                "Send a fact in a message of the moment at which it was known.",
            )


def _stamped(message: EhrMessage, at: datetime) -> EhrMessage:
    """The message as known at the moment of durable receipt."""
    events = tuple(_known(event, at) for event in message.events)
    return replace(message, known_at=at, events=events)


def _known(event: Event, at: datetime) -> Event:
    if isinstance(event, Correction):
        return replace(event, known_at=at, event=replace(event.event, known_at=at))
    return replace(event, known_at=at)


def _entry(message: EhrMessage | ClockTick, payload: bytes | None = None) -> Entry:
    key = patient_key(message.site, message.patient)
    return Entry(key, message, encode(LOGGED, message) if payload is None else payload)


def _roster(received: Received) -> Entry:
    message = decode(ROSTER_ENTRY, received.value)
    key = patient_key(message.site, message.patient)
    return Entry(key, message, encode(ROSTER_ENTRY, message))


def _protocol(received: Received) -> Entry:
    message = decode(PROTOCOL_IN_FORCE, received.value)
    return Entry(None, message, encode(PROTOCOL_IN_FORCE, message))


def _unknown_form(received: Received) -> InputError:
    return InputError(
        ErrorCode.UNKNOWN_FORMAT,
        f"{received.topic} holds a record of the format {received.form[:40]!r}.",
        f"Send {CANONICAL!r} as ember-format, or upgrade this reader.",
    )


_READERS: dict[str, Callable[[Received], Entry]] = {
    RAW: _raw,
    BACKFILL: _backfill,
    ROSTER: _roster,
    PROTOCOLS: _protocol,
}
