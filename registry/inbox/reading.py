"""What a consumer reads, and what it does with it: verdicts, or the patients' logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter

from registry.inbox.clients import Record
from registry.usecases.archive_batch import ArchiveBatch, archive_batch
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import Recordable, RecordBatch, record_batch
from registry.usecases.wards import Wards
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.messages import (
    LOGGED,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    EhrMessage,
    decode,
)
from streams.vocabulary.topics import EVENTS, ONSETS, OUTCOMES, SCREENINGS


MessageT = TypeVar("MessageT")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of some messages; those that are not named were new."""

    repeated: tuple[int, ...] = ()
    conflicts: tuple[int, ...] = ()


class Reading(Protocol[MessageT]):
    """One consumer's business."""

    name: str
    topics: tuple[str, ...]

    def decode(self, record: Record) -> MessageT | None:
        """The message; None where it is no business of this consumer.

        Raises `InputError` EMB-110 or EMB-111.
        """
        ...

    def apply(
        self, messages: Sequence[MessageT], uow: UnitOfWork, at: datetime
    ) -> Applied:
        """All of them in the one transaction of `uow`."""
        ...

    def forget(self) -> None:
        """Drop what was remembered: it may have been taken back, or overtaken."""
        ...


class Verdicts:
    """Onsets, screenings and outcomes into the registry."""

    name = "verdicts"
    topics: tuple[str, ...] = (ONSETS, SCREENINGS, OUTCOMES)

    def __init__(self) -> None:
        self._adapters: dict[str, TypeAdapter[Any]] = {
            ONSETS: SEPSIS_ONSET,
            SCREENINGS: TRIAL_SCREENING,
            OUTCOMES: TRIAL_OUTCOME,
        }

    def decode(self, record: Record) -> Recordable | None:
        """The verdict of this record."""
        message: Recordable = decode(self._adapters[record.topic], _value(record))
        return message

    def apply(
        self, messages: Sequence[Recordable], uow: UnitOfWork, at: datetime
    ) -> Applied:
        """Record what is new; alerts follow."""
        done = record_batch(RecordBatch(messages=messages, recorded_at=at), uow)
        return Applied(done.repeated, done.conflicts)

    def forget(self) -> None:
        """Nothing is remembered."""


class Archive:
    """Canonical events into the archive, and the feeds they came by."""

    name = "archive"
    topics: tuple[str, ...] = (EVENTS,)

    def __init__(self) -> None:
        self._wards = Wards()

    def decode(self, record: Record) -> EhrMessage | None:
        """The events of this record; the rest of a patient's log is not archived."""
        message = decode(LOGGED, _value(record))
        return message if isinstance(message, EhrMessage) else None

    def apply(
        self, messages: Sequence[EhrMessage], uow: UnitOfWork, at: datetime
    ) -> Applied:
        """Archive what is new."""
        command = ArchiveBatch(messages=messages, recorded_at=at)
        done = archive_batch(command, uow, wards=self._wards)
        return Applied(done.repeated, done.conflicts)

    def forget(self) -> None:
        """Ask the archive again where each patient lies."""
        self._wards.clear()


def _value(record: Record) -> bytes:
    if record.value is None:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            "The record is empty.",
            "Send it as the published JSON Schema says.",
        )
    return record.value
