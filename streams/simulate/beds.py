"""Beds: who can be taken in without putting anybody in the corridor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from streams.simulate.patient import Patient, Segment


Interval = tuple[datetime, datetime]


@dataclass(slots=True)
class Beds:
    """The beds of one level of care, and for how long each is promised."""

    capacity: int
    promised: list[Interval] = field(default_factory=list)

    def room_for(self, wanted: Interval) -> bool:
        """Whether at no moment of `wanted` all beds are promised."""
        overlapping = [
            p for p in self.promised if p[0] < wanted[1] and wanted[0] < p[1]
        ]
        # Occupancy is highest at one of the moments at which somebody comes.
        arrivals = [wanted[0], *(p[0] for p in overlapping if p[0] > wanted[0])]
        return all(self._taken(overlapping, at) < self.capacity for at in arrivals)

    def promise(self, wanted: Interval) -> None:
        """Keep a bed."""
        self.promised.append(wanted)

    def forget_before(self, moment: datetime) -> None:
        """Drop the promises that have run out."""
        self.promised = [p for p in self.promised if p[1] > moment]

    @staticmethod
    def _taken(promised: list[Interval], at: datetime) -> int:
        return sum(begins <= at < ends for begins, ends in promised)


@dataclass(slots=True)
class House:
    """All beds of the hospital; the emergency department turns nobody away."""

    ward: Beds
    icu: Beds

    def admit(self, patient: Patient) -> bool:
        """Promise every bed of the stay, or none: then the patient is diverted."""
        self.ward.forget_before(patient.arrival)
        self.icu.forget_before(patient.arrival)
        stays = [
            (self.icu if s.level == "icu" else self.ward, self._interval(patient, s))
            for s in patient.segments
            if s.level != "emergency"
        ]
        if not all(beds.room_for(interval) for beds, interval in stays):
            return False
        for beds, interval in stays:
            beds.promise(interval)
        return True

    @staticmethod
    def _interval(patient: Patient, segment: Segment) -> Interval:
        return patient.moment(segment.begins), patient.moment(segment.ends)
