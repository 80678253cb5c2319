"""A dead letter as the registry keeps it, and whether it can be sent again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from streams.vocabulary.topics import BACKFILL, RAW


OF_SPOOL = "listener"
"""Who rejects what an embedded listener spooled; there it is read again."""
OF_FILES = "replay"
"""Who rejects a message of a file that is read as history."""


@dataclass(frozen=True, slots=True, kw_only=False)
class Letter:
    """What was rejected, where it lay, why, and how often it was sent again."""

    message_id: str
    topic: str
    partition: int
    record_offset: int
    rejected_by: str
    rejected_at: datetime
    code: str
    reason: str
    form: str | None
    record_key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    headers: Mapping[str, str]
    """What the record told of its receipt."""
    retries: int
    retried_at: datetime | None

    @property
    def place(self) -> str:
        """Topic, partition and offset."""
        return f"{self.topic}/{self.partition}/{self.record_offset}"


def why_not_again(letter: Letter) -> str | None:
    """Why a letter cannot be sent again; None where it can."""
    if letter.rejected_by == OF_FILES:
        return "it was read from a file; replay the file into a new registry"
    if letter.topic not in (RAW, BACKFILL):
        return f"it came by {letter.topic}, which only Ember itself writes"
    if letter.value is None:
        return "it was too large to be kept; its place on the topic has it"
    if letter.form is None:
        return "nothing says how its bytes are to be read"
    return None
