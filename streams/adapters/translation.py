"""What becomes of one source message: an HL7 v2 message, a FHIR resource or Bundle.

It is *mapped* (we know whose it is and what it means), *filed* unread (it is of a
sort Ember does not use) or *rejected*.
A mapped message may hold codes nobody mapped, and parts that could not be used: both
are told, and neither keeps the rest back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from streams.adapters.identity.pseudonyms import Sighting
from streams.adapters.ordering import EVENTS_PER_MESSAGE
from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Event
from streams.vocabulary.ids import message_identity
from streams.vocabulary.messages import EhrMessage, Provenance


Outcome = Literal["mapped", "filed", "rejected"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What could not be used, where, and why; no value of the patient's is in it."""

    place: str
    """In the words of the format: `OBX[3]-6`, `Observation.valueQuantity.code`."""
    code: ErrorCode
    reason: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedCode:
    """A local code that is in no map, with what the site calls it."""

    system: str
    code: str
    label: str = ""
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.system}|{self.code}"


@dataclass(frozen=True, slots=True)
class Told:
    """What a source message tells of one patient."""

    patient: str
    """The pseudonym."""
    events: tuple[Event, ...]
    history: bool = False
    """Whether it is history though the message may be live: it was held until now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """One source message, understood as far as it can be."""

    kind: str
    """Its type as the format names it: `ORU^R01`, `Observation`."""
    outcome: Outcome
    name: str = ""
    """What singles the message out at its source; empty where it has no name."""
    issued_at: datetime | None = None
    told: tuple[Told, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    unmapped: tuple[UnmappedCode, ...] = ()
    """One an occurrence."""
    units: tuple[tuple[str, str], ...] = ()
    """Concept and unit as written, one an occurrence."""
    faults: tuple[Fault, ...] = ()
    """Why it was rejected, the reason first, or which parts of it were left out."""

    @property
    def events(self) -> int:
        """How many events it gave."""
        return sum(len(one.events) for one in self.told)


class Translator(Protocol):
    """Reads one format of one site; may be asked from one thread at a time."""

    def translate(self, payload: bytes, *, received_at: datetime) -> Translation:
        """What the bytes mean; never raises for what is in them.

        Every event is known from `received_at` on: the moment of durable receipt, or
        for a file of history the moment its message was issued.
        """
        ...


def ehr_messages(
    translation: Translation,
    *,
    site: str,
    source: str,
    name: str,
    provenance: Provenance,
    known_at: datetime,
) -> Iterator[EhrMessage]:
    """The messages for `ehr.events`: one a patient, split where there are too many.

    `name` must single the source message out, so that a redelivery has the same ids.
    """
    issued = translation.issued_at and in_utc(translation.issued_at)
    for one in translation.told:
        last = len(one.events) - 1
        for at in range(0, len(one.events), EVENTS_PER_MESSAGE):
            some = one.events[at : at + EVENTS_PER_MESSAGE]
            part = f"{name}|{one.patient}|{at // EVENTS_PER_MESSAGE}"
            yield EhrMessage(
                message_id=message_identity(site, source, part),
                site=site,
                patient=one.patient,
                happened_at=min(event.happened_at for event in some),
                known_at=known_at,
                source=source,
                provenance=provenance,
                issued_at=issued,
                continues=True if at + EVENTS_PER_MESSAGE <= last else None,
                events=some,
            )
