"""What is true of a simulated patient, to judge what was found of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from streams.simulate.afterwards import Afterwards
from streams.simulate.course import Illness
from streams.simulate.pathogens import Source
from streams.simulate.patient import Patient
from streams.simulate.person import Chronic
from streams.vocabulary.clock import DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruth:
    """One patient, as only the simulation knows them."""

    patient: str
    encounter: str
    admitted_at: datetime
    discharged_at: datetime | None
    """None where the patient died in hospital."""
    infection: Illness
    """`septic_shock` where a vasopressor and a lactate above 2 mmol/L came about."""
    hospital_onset: bool
    infection_at: datetime | None
    """Before admission where the infection was caught at home."""
    recognised_at: datetime | None
    """When an infection was first thought of, rightly or not."""
    dysfunction_at: datetime | None
    """The first hour since infection with SOFA two above baseline, before noise."""
    shock_at: datetime | None
    source: Source | None
    organism: str | None
    """What infects; None without infection."""
    grows: bool
    """Whether any culture finds it."""
    baseline_sofa: int
    peak_sofa: int
    chronic: tuple[Chronic, ...]
    died_at: datetime | None
    """In hospital or after it; None where the patient outlived the simulation."""
    last_alive_at: datetime | None
    """The last contact on record; None where nobody was heard of after discharge."""

    @property
    def septic(self) -> bool:
        """Whether an infection made the organs fail."""
        return self.infection in {"sepsis", "septic_shock"}

    def died_within(self, days: float, *, of: datetime) -> bool:
        """Whether death came within so many days of that moment."""
        return self.died_at is not None and self.died_at <= of + days * DAY


def truth_of(patient: Patient, after: Afterwards) -> GroundTruth:
    """The ground truth of one patient."""
    course, body = patient.course, patient.body
    infection = course.infection
    stayed = (body.hours >= 0) & (body.hours <= course.ends)
    shock = _shock(patient)
    left = patient.moment(course.ends)
    return GroundTruth(
        patient=patient.name,
        encounter=patient.encounter,
        admitted_at=patient.arrival,
        discharged_at=None if course.dies else left,
        infection="septic_shock"
        if shock is not None
        else "sepsis"
        if course.septic
        else course.illness,
        hospital_onset=course.hospital_onset,
        infection_at=None if infection is None else patient.moment(infection.begins),
        recognised_at=None
        if course.suspected is None
        else patient.moment(course.suspected),
        dysfunction_at=_dysfunction(patient),
        shock_at=shock,
        source=None if infection is None else infection.source,
        organism=None if infection is None else infection.pathogen.name,
        grows=infection is not None and infection.grows,
        baseline_sofa=body.baseline,
        peak_sofa=int(np.max(body.points[stayed])),
        chronic=patient.person.chronic,
        died_at=left if course.dies else after.died_at,
        last_alive_at=None if course.dies else after.last_alive_at,
    )


def _dysfunction(patient: Patient) -> datetime | None:
    """Of the septic only: others' organs fail for other reasons."""
    body, infection = patient.body, patient.course.infection
    if infection is None or not patient.course.septic:
        return None
    failing = (body.points - body.baseline >= 2) & (body.hours >= infection.begins)
    found = body.hours[failing & (body.hours <= patient.course.ends)]
    return patient.moment(float(found[0])) if found.size else None


def _shock(patient: Patient) -> datetime | None:
    """The first hour with a vasopressor running and lactate above 2 mmol/L."""
    body = patient.body
    if not patient.course.septic or body.pressor is None:
        return None
    found = body.hours[(body.norepinephrine > 0) & (body.lactate > 2)]
    return patient.moment(float(found[0])) if found.size else None
