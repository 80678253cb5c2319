"""Which ward each patient lies on, by the latest word of it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from datetime import datetime

from registry.usecases.ports import UnitOfWork
from streams.vocabulary.events import Event, Location
from streams.vocabulary.messages import EhrMessage


Patient = tuple[str, str]
"""Site and pseudonym."""
Place = tuple[datetime, str | None]
"""Since when, and which ward; None after the patient left it."""


class Wards:
    """Remembers the latest place of patients; asks the archive for the others.

    To be cleared where another reader may have learned of a move in between.
    """

    def __init__(self, *, remembered: int = 20_000) -> None:
        self._remembered = remembered
        self._places: OrderedDict[Patient, Place | None] = OrderedDict()

    def look_up(self, patients: Collection[Patient], uow: UnitOfWork) -> None:
        """Be ready to tell of these patients."""
        for patient in self._places.keys() & set(patients):
            self._places.move_to_end(patient)
        lacking = set(patients) - self._places.keys()
        archived = uow.stream.last_location(lacking) if lacking else {}
        for patient in lacking:
            found = archived.get(patient)
            self._places[patient] = None if found is None else _place(found)
        while len(self._places) > max(self._remembered, len(patients)):
            self._places.popitem(last=False)

    def of(self, message: EhrMessage, event: Event) -> str | None:
        """The ward an event is from; one that tells of a move is from its own ward."""
        patient = (message.site, message.patient)
        known = self._places.get(patient)
        if isinstance(event, Location):
            if known is None or event.happened_at >= known[0]:
                self._places[patient] = _place(event)
            return event.ward
        return None if known is None else known[1]

    def clear(self) -> None:
        """Forget everything."""
        self._places.clear()


def _place(location: Location) -> Place:
    left = location.phase == "left"
    return location.happened_at, None if left else location.ward
