"""One patient of the hospital: who, when, what befell them, and in which bed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from streams.simulate.config import HospitalConfig
from streams.simulate.course import Course, course
from streams.simulate.draws import Luck, generator
from streams.simulate.person import Person, person
from streams.simulate.physiology import Physiology, physiology


_PLAN = 1
"""The purpose of the draws made here."""


Level = Literal["emergency", "ward", "icu"]


@dataclass(frozen=True, slots=True)
class Segment:
    """A time in one unit, in hours after arrival."""

    level: Level
    ward: str
    begins: float
    ends: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """All that is true of one patient, before anybody charts it."""

    number: int
    name: str
    arrival: datetime
    person: Person
    course: Course
    body: Physiology
    segments: tuple[Segment, ...]

    @property
    def encounter(self) -> str:
        """The hospital stay."""
        return f"{self.name}-e1"

    def stay(self, hour: float) -> str | None:
        """The ICU stay going on at that hour, if any."""
        icu = self.course.icu
        held = icu is not None and icu[0] <= hour <= icu[1]
        return f"{self.name}-icu1" if held else None

    def moment(self, hour: float) -> datetime:
        """The instant so many hours after arrival, to the second."""
        return self.arrival + timedelta(seconds=int(hour * 3600))


def patient(config: HospitalConfig, number: int, arrival: datetime) -> Patient:
    """The patient of that number; the same whoever else is in the hospital."""
    luck = Luck(generator(config.seed, number, _PLAN))
    who = person(config, luck)
    stay = course(config, luck)
    return Patient(
        number=number,
        name=f"sim-{config.seed}-{number:05d}",
        arrival=arrival,
        person=who,
        course=stay,
        body=physiology(stay, who, luck),
        segments=_segments(stay, luck),
    )


def _segments(stay: Course, luck: Luck) -> tuple[Segment, ...]:
    """Emergency department, ward, intensive care, ward: what of it comes about."""
    ward = luck.one_of(("Ward A", "Ward B", "Ward C"))
    names: dict[Level, str] = {"emergency": "Emergency", "icu": "ICU", "ward": ward}
    return tuple(
        Segment(level, names[level], begins, ends)
        for level, begins, ends in _moves(stay)
        if ends > begins
    )


def _moves(stay: Course) -> list[tuple[Level, float, float]]:
    waits = stay.emergency_ends
    if stay.icu is None:
        return [("emergency", 0.0, waits), ("ward", waits, stay.ends)]
    begins, ends = stay.icu
    # Nobody is put to bed on a ward for less than an hour before intensive care.
    if waits > 0 and begins - waits < 1:
        waits = begins
    return [
        ("emergency", 0.0, waits),
        ("ward", waits, begins),
        ("icu", begins, ends),
        ("ward", ends, stay.ends),
    ]
