"""What becomes of a patient after discharge, and who hears of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.simulate.config import HospitalConfig
from streams.simulate.draws import Luck, generator
from streams.simulate.patient import Patient
from streams.vocabulary.clock import DAY


_AFTERWARDS = 2
_VISITS = ("outpatient_visit", "telephone", "laboratory", "general_practitioner")


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody saw or heard that the patient was alive."""

    at: datetime
    basis: str


@dataclass(frozen=True, slots=True)
class Afterwards:
    """The time after a discharge alive; empty for who died in hospital."""

    contacts: tuple[Contact, ...] = ()
    died_at: datetime | None = None
    noticed_at: datetime | None = None
    """When the civil registry told the hospital of the death."""

    @property
    def last_alive_at(self) -> datetime | None:
        """The last contact."""
        return self.contacts[-1].at if self.contacts else None


def afterwards(config: HospitalConfig, patient: Patient) -> Afterwards:
    """Draw what becomes of one patient."""
    if patient.course.dies:
        return Afterwards()
    luck = Luck(generator(config.seed, patient.number, _AFTERWARDS))
    left = patient.moment(patient.course.ends)
    died, notice = _late_death(config, patient, luck, left)
    if luck.happens(config.lost_share):
        return Afterwards((), died, notice)
    # One visit in the first weeks, one past day 28 of nearly any anchor in the stay.
    days = [luck.between(5, 20), luck.between(29, 50), luck.between(55, 90)]
    times = [left + timedelta(seconds=int(d * 86400)) for d in days]
    seen = [t for t in times[: 2 + luck.happens(0.4)] if died is None or t < died]
    return Afterwards(
        tuple(Contact(t, luck.one_of(_VISITS)) for t in seen), died, notice
    )


def _late_death(
    config: HospitalConfig, patient: Patient, luck: Luck, left: datetime
) -> tuple[datetime | None, datetime | None]:
    share = config.late_mortality if patient.course.septic else config.mortality_other
    if not luck.happens(share):
        return None, None
    died = left + timedelta(seconds=int(luck.between(1, 90) * 86400))
    lag = max(config.death_notice.seconds(luck.gauss()), DAY.total_seconds() / 24)
    return died, died + timedelta(seconds=int(lag))
