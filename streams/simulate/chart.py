"""The chart of one patient: notes become messages, each with its two times.

A note is what one source message carries: a set of vital signs, a chemistry panel, a
gas.
Its events share `happened_at` and `known_at`; the message is received when they are
known.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from streams.simulate.config import HospitalConfig
from streams.simulate.draws import Luck, generator
from streams.simulate.patient import Patient
from streams.vocabulary.events import (
    Assessment,
    Event,
    Measurement,
)
from streams.vocabulary.facts import Comparator, Flag
from streams.vocabulary.ids import message_identity
from streams.vocabulary.messages import EhrMessage


EventT = TypeVar("EventT", bound=Event)

_CHARTING = 3
NO_FLAGS: tuple[Flag, ...] = ()


class Note:
    """The events of one source message, as they are written down."""

    __slots__ = (
        "encounter",
        "events",
        "happened_at",
        "issued_at",
        "known_at",
        "message_id",
        "source",
        "stay",
    )

    def __init__(
        self,
        *,
        message_id: str,
        source: str,
        happened_at: datetime,
        issued_at: datetime,
        known_at: datetime,
        encounter: str | None,
        stay: str | None,
    ) -> None:
        self.message_id = message_id
        self.source = source
        self.happened_at = happened_at
        self.issued_at = issued_at
        self.known_at = known_at
        self.encounter = encounter
        self.stay = stay
        self.events: list[Event] = []

    def add(self, kind: Callable[..., EventT], **fields: object) -> EventT:
        """Write one event down; `fields` are what its kind adds to a `Fact`."""
        event = kind(
            event_id=f"{self.message_id}:{len(self.events)}",
            happened_at=self.happened_at,
            known_at=self.known_at,
            encounter=self.encounter,
            stay=self.stay,
            **fields,
        )
        self.events.append(event)
        return event

    def measure(
        self,
        concept: str,
        value: float | None,
        *,
        comparator: Comparator | None = None,
        text: str | None = None,
        specimen: str | None = None,
        specimen_id: str | None = None,
        method: str | None = None,
        flags: tuple[Flag, ...] = NO_FLAGS,
    ) -> None:
        """Write one measurement down, in the concept's canonical unit."""
        events = self.events
        events.append(
            Measurement(
                event_id=f"{self.message_id}:{len(events)}",
                happened_at=self.happened_at,
                known_at=self.known_at,
                encounter=self.encounter,
                stay=self.stay,
                flags=flags,
                concept=concept,
                value=value,
                comparator=comparator,
                text=text,
                specimen=specimen,
                specimen_id=specimen_id,
                method=method,
            )
        )

    def assess(self, concept: str, value: float, text: str | None = None) -> None:
        """Write one assessment down."""
        self.add(Assessment, concept=concept, value=value, text=text)


class Chart:
    """All notes about one patient."""

    __slots__ = ("config", "luck", "notes", "patient")

    def __init__(self, config: HospitalConfig, patient: Patient) -> None:
        self.config = config
        self.patient = patient
        self.luck = Luck(generator(config.seed, patient.number, _CHARTING))
        self.notes: list[Note] = []

    def note(
        self,
        source: str,
        happened_at: datetime,
        lag: float,
        *,
        stay: str | None = None,
        inside: bool = True,
    ) -> Note:
        """Begin a note: what happened then, filed `lag` seconds later.

        Some notes are held up on their way and come after younger ones.
        `inside` is false for what is told of no hospital stay.
        """
        issued = known = happened_at + timedelta(seconds=int(lag))
        if self.luck.happens(self.config.transit_share):
            held = self.config.transit_delay.seconds(self.luck.gauss())
            known = issued + timedelta(seconds=int(held))
        note = Note(
            message_id=self._identity(source, len(self.notes)),
            source=source,
            happened_at=happened_at,
            issued_at=issued,
            known_at=known,
            encounter=self.patient.encounter if inside else None,
            stay=stay,
        )
        self.notes.append(note)
        return note

    def messages(self) -> list[EhrMessage]:
        """The notes as messages, in the order in which they are received."""
        made = [self._message(note) for note in self.notes if note.events]
        made.sort(key=_received)
        return made

    def _identity(self, source: str, number: int) -> str:
        return message_identity(
            self.config.site, source, f"{self.patient.name}:{number}"
        )

    def _message(self, note: Note) -> EhrMessage:
        return EhrMessage(
            message_id=note.message_id,
            site=self.config.site,
            patient=self.patient.name,
            happened_at=note.happened_at,
            known_at=note.known_at,
            source=note.source,
            provenance="simulated",
            issued_at=note.issued_at,
            events=tuple(note.events),
        )


def _received(message: EhrMessage) -> tuple[datetime, str]:
    return message.known_at, message.message_id
