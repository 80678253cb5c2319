"""What the stream keeps beside the registry's rows, in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass

from streams.vocabulary.events import Event
from streams.vocabulary.messages import Provenance


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a source was read, and what it was when it was read."""

    source: str
    position: str
    fingerprint: str
    """Of the source's content; another one means another source."""


@dataclass(frozen=True, slots=True)
class ChunkKey:
    """Which part of a patient's state: a day of the timeline, the head record."""

    site: str
    patient: str
    chunk: str


@dataclass(frozen=True, slots=True)
class StateChunk:
    """One part of a patient's state, as the pipeline wrote it."""

    site: str
    patient: str
    chunk: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """One canonical event as it was delivered, for `explain` and re-derivation."""

    site: str
    patient: str
    message_id: str
    provenance: Provenance
    event: Event


@dataclass(frozen=True, slots=True)
class Seen:
    """A message as the inbox notes it; each has effect once."""

    message_id: str
    topic: str
    digest: str
    """Of its content: the same id with another content is another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedMessage:
    """A revision's JSON exactly as it is stored and hashed."""

    message_id: str
    document: str
    digest: str
    """SHA-256 of the document."""
