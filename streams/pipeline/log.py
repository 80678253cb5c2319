"""A patient's log, and the state it leads to.

The state is a checkpoint and a redo: the head says what had been said at one position
of the log, the deliveries after it are judged again when the patient is loaded.
Deliveries are only ever added, under names that follow from their offsets, and a head
may be older than they are: so no crash, and no worker that lost its partition without
noticing, can take anything away.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from struct import Struct

from streams.pipeline.head import encode_head, restore_head
from streams.pipeline.joining import take_event
from streams.pipeline.patient import Arrival, Rules, advance
from streams.pipeline.state import PatientState
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.messages import (
    LOGGED,
    EhrMessage,
    Message,
    ProtocolInForce,
    decode,
)


BEFORE_ALL = -1
"""The position of a log of which nothing was read."""

_FRAME = Struct(">QI")
"""Offset and length of a delivery."""
_FORMAT = 1
"""Of what is stored; a change of it raises it, and is read as it was."""
_HEAD = Struct(">Bqq?")
"""Format, position, due moment in microseconds or -1, whether anything was live."""
_NAME = Struct(">QQ")
_LENGTH = Struct(">H")
_PLAIN, _PACKED = b"\x00", b"\x01"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One record of a patient's log."""

    offset: int
    payload: bytes


@dataclass(slots=True)
class Resident:
    """A patient in memory, and how far the log was read."""

    state: PatientState
    position: int = BEFORE_ALL
    chunks: list[bytes] = field(default_factory=list)
    """The names of the chunks that are not packed yet."""

    def take(self, offset: int, arrival: Arrival, rules: Rules) -> list[Message]:
        """What there is to say to one record; to one that was read before, nothing."""
        if offset <= self.position:
            return []
        self.position = offset
        return list(advance(self.state, (arrival,), rules))


# -- heads -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A stored head: the position it speaks for, and when to look again."""

    position: int
    due: datetime | None
    live: bool
    head: bytes


def encode_checkpoint(resident: Resident) -> bytes:
    """The patient's head at the position read so far."""
    state = resident.state
    due = -1 if state.due is None else (state.due - _EPOCH) // timedelta(microseconds=1)
    return _HEAD.pack(_FORMAT, resident.position, due, state.live) + encode_head(state)


def read_checkpoint(value: bytes) -> Checkpoint:
    """The checkpoint; its head stays encoded until the patient is loaded.

    Raises `SettingsError` EMB-407 for a format this version does not know.
    """
    if value[:1] != bytes([_FORMAT]):
        raise SettingsError(
            ErrorCode.STATE_FORMAT,
            f"A worker's state is of format {value[:1].hex()}, not {_FORMAT}.",
            "Run the version that wrote it, or begin with new changelogs.",
        )
    _, position, due, live = _HEAD.unpack_from(value)
    moment = None if due < 0 else _EPOCH + timedelta(microseconds=due)
    return Checkpoint(position, moment, live, value[_HEAD.size :])


# -- deliveries --------------------------------------------------------------------


def chunk_prefix(key: bytes) -> bytes:
    """What the names of all chunks of one patient begin with, and of no other."""
    return _LENGTH.pack(len(key)) + key


def chunk_name(key: bytes, deliveries: Sequence[Delivery]) -> bytes:
    """Two chunks of one name have one content: it follows from the offsets."""
    return chunk_prefix(key) + _NAME.pack(deliveries[0].offset, deliveries[-1].offset)


def split_name(name: bytes) -> tuple[bytes, int]:
    """The patient's key, and the last offset in the chunk."""
    _, last = _NAME.unpack_from(name, len(name) - _NAME.size)
    return name[_LENGTH.size : -_NAME.size], last


def encode_chunk(deliveries: Iterable[Delivery], *, packed: bool = False) -> bytes:
    """The deliveries one after another; packed chunks are never written again."""
    body = b"".join(
        _FRAME.pack(d.offset, len(d.payload)) + d.payload for d in deliveries
    )
    return _PACKED + zlib.compress(body, 1) if packed else _PLAIN + body


def is_packed(value: bytes) -> bool:
    """Whether a chunk was packed already."""
    return value[:1] == _PACKED


def read_chunk(value: bytes) -> Iterator[Delivery]:
    """The deliveries of a chunk, in order."""
    body = zlib.decompress(value[1:]) if is_packed(value) else value[1:]
    at = 0
    while at < len(body):
        offset, length = _FRAME.unpack_from(body, at)
        at += _FRAME.size
        yield Delivery(offset, body[at : at + length])
        at += length


def merged(chunks: Iterable[bytes]) -> list[Delivery]:
    """All deliveries of some chunks, each offset once, in order."""
    found = {d.offset: d for value in chunks for d in read_chunk(value)}
    return [found[offset] for offset in sorted(found)]


# -- loading -----------------------------------------------------------------------


def rebuilt(
    state: PatientState,
    checkpoint: Checkpoint | None,
    deliveries: Sequence[Delivery],
    rules_at: Callable[[int], Rules],
) -> tuple[Resident, list[Message]]:
    """The patient as of the last delivery, and what was said after the checkpoint.

    What was said may have been sent before; it is the same under the same ids.
    """
    resident = Resident(state)
    since = BEFORE_ALL
    if checkpoint is not None:
        since = resident.position = checkpoint.position
    for delivery in deliveries:
        if delivery.offset <= since:
            message = decode(LOGGED, delivery.payload)
            if isinstance(message, EhrMessage):
                name = message.forwarded or message.message_id
                for event in message.events:
                    take_event(state, event, name)
    if checkpoint is not None:
        restore_head(state, checkpoint.head)
    said: list[Message] = []
    for delivery in deliveries:
        if delivery.offset > since:
            message = decode(LOGGED, delivery.payload)
            if not isinstance(message, ProtocolInForce):
                rules = rules_at(delivery.offset)
                said += resident.take(delivery.offset, message, rules)
    return resident, said
