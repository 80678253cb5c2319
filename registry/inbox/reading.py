"""What a consumer reads, and what it does with it: verdicts, or the patients' logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter

from registry.domain.identity import Identifier, Sighted, identifier_told
from registry.inbox.clients import Record
from registry.usecases.archive_batch import ArchiveBatch, archive_batch
from registry.usecases.keep_identities import KeepIdentities, keep_identities
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import Recordable, RecordBatch, record_batch
from registry.usecases.vault_ports import Seal
from registry.usecases.wards import Wards
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError
from streams.vocabulary.messages import (
    DEAD_LETTER,
    IDENTITY_SIGHTING,
    LOGGED,
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    DeadLetter,
    EhrMessage,
    IdentitySighting,
    decode,
)
from streams.vocabulary.topics import (
    EVENTS,
    IDENTITIES,
    LETTERS_KEPT,
    ONSETS,
    OUTCOMES,
    REJECTED,
    SCREENINGS,
)


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


class Identities:
    """Sealed identifiers into the vault, by who has its key."""

    name = "identities"
    topics: tuple[str, ...] = (IDENTITIES,)

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def decode(self, record: Record) -> IdentitySighting | None:
        """The sighting, which opens.

        Raises `InputError` EMB-110, EMB-111 or EMB-150, and `SettingsError` EMB-312
        where its key is not here: then nothing is put aside, for nothing is bad in it.
        """
        message = decode(IDENTITY_SIGHTING, _value(record))
        self._opened(message)
        return message

    def apply(
        self, messages: Sequence[IdentitySighting], uow: UnitOfWork, at: datetime
    ) -> Applied:
        """Keep what is new, sealed for the table."""
        sighted = [Sighted(m.site, m.patient, self._opened(m)) for m in messages]
        command = KeepIdentities(sighted=sighted, at=at)
        return Applied(keep_identities(command, uow, seal=self._seal))

    def forget(self) -> None:
        """Nothing is remembered."""

    def _opened(self, message: IdentitySighting) -> Identifier:
        try:
            told = self._seal.unseal(message.sealed, f"{message.site}/{IDENTITIES}")
            return identifier_told(told)
        except ValueError:
            raise InputError(
                ErrorCode.MALFORMED_MESSAGE,
                "At sealed: no authority and value.",
                "Send it as the published JSON Schema says.",
            ) from None
        except InputError as fault:
            if fault.code is not ErrorCode.SEALING_KEY_UNKNOWN:
                raise
            raise SettingsError(
                ErrorCode.SECRET_MISSING, fault.problem, "Mend EMBER_VAULT_KEYS."
            ) from None


class Letters:
    """Dead letters into the registry, where they are listed and sent again."""

    name = "letters"
    topics: tuple[str, ...] = (REJECTED,)

    def decode(self, record: Record) -> DeadLetter | None:
        """The letter; raises `InputError` EMB-110 or EMB-111."""
        return decode(DEAD_LETTER, _value(record))

    def apply(
        self,
        messages: Sequence[DeadLetter],
        uow: UnitOfWork,
        at: datetime,
    ) -> Applied:
        """Keep what is new, and nothing for longer than its topic does."""
        uow.letters.drop_before(at - LETTERS_KEPT)
        return Applied(uow.letters.add(messages))

    def forget(self) -> None:
        """Nothing is remembered."""


def _value(record: Record) -> bytes:
    if record.value is None:
        raise InputError(
            ErrorCode.MALFORMED_MESSAGE,
            "The record is empty.",
            "Send it as the published JSON Schema says.",
        )
    return record.value
