"""What has come of one message so far."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from streams.adapters.fhir.telling import Telling
from streams.adapters.identity.pseudonyms import Sighting
from streams.adapters.translation import (
    Fault,
    Outcome,
    Told,
    Translation,
    UnmappedCode,
)
from streams.vocabulary.events import Cancellation, Event


@dataclass(slots=True)
class Account:
    """Of one resource, or of all of a Bundle and what they brought."""

    faults: list[Fault] = field(default_factory=list)
    unmapped: list[UnmappedCode] = field(default_factory=list)
    units: list[tuple[str, str]] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    _told: dict[tuple[str, bool], dict[str, Event]] = field(default_factory=dict)
    """By patient, and whether it is history."""

    def tell(self, told: Iterable[tuple[str, Event]], *, history: bool) -> None:
        """Take events in; of two of one fact the higher version stays."""
        for patient, event in told:
            facts = self._told.setdefault((patient, history), {})
            fact = event.cancels if isinstance(event, Cancellation) else event.event_id
            held = facts.get(fact)
            if held is None or held.version <= event.version:
                facts[fact] = event

    def note(self, telling: Telling) -> None:
        """Take in what a reader noted beside its events."""
        if not telling.void:
            self.faults += telling.faults
            self.unmapped += telling.unmapped
            self.units += telling.units
        self.sightings += telling.sightings

    def translation(
        self,
        kind: str,
        outcome: Outcome,
        name: str = "",
        issued_at: datetime | None = None,
    ) -> Translation:
        """The whole as its reader wants it."""
        return Translation(
            kind=kind,
            outcome=outcome,
            name=name,
            issued_at=issued_at,
            told=tuple(
                Told(patient, tuple(facts.values()), history=history)
                for (patient, history), facts in self._told.items()
                if facts
            ),
            sightings=tuple(dict.fromkeys(self.sightings)),
            unmapped=tuple(self.unmapped),
            units=tuple(self.units),
            faults=tuple(self.faults),
        )
