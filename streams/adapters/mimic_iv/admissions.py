"""`hosp/admissions`: the hospital stays, and deaths within them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.events import (
    Death,
    Encounter,
    Event,
    VitalStatusContact,
)
from streams.vocabulary.facts import Flag


ADMISSIONS = Table(
    name="hosp/admissions",
    columns=(
        "subject_id",
        "hadm_id",
        "admittime",
        "dischtime",
        "deathtime",
        "admission_type",
        "discharge_location",
        "edregtime",
        "hospital_expire_flag",
    ),
)

Disposition = Literal["home", "hospice", "acute_hospital", "facility", "died", "other"]
EncounterClass = Literal["emergency", "inpatient", "outpatient", "other"]

_DISPOSITIONS: MappingProxyType[str, Disposition] = MappingProxyType(
    {
        "HOME": "home",
        "HOME HEALTH CARE": "home",
        "HOSPICE": "hospice",
        "ACUTE HOSPITAL": "acute_hospital",
        "SKILLED NURSING FACILITY": "facility",
        "REHAB": "facility",
        "CHRONIC/LONG TERM ACUTE CARE": "facility",
        "PSYCH FACILITY": "facility",
        "ASSISTED LIVING": "facility",
        "DIED": "died",
        "": "other",
    }
)
_OUTPATIENT = "AMBULATORY OBSERVATION"


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table; what later tables ask of it is remembered on the way."""

    def mapping(row: Row) -> Iterator[Event]:
        stay = _Stay(row)
        if row.fault is None:
            stay.remember(reading)
            yield from stay.events()

    return reading.mapped(ADMISSIONS, mapping)


class _Stay:
    """One row, read."""

    def __init__(self, row: Row) -> None:
        self.patient = row.needed_identifier("subject_id")
        self.hadm = row.needed_identifier("hadm_id")
        self.registered = row.instant("edregtime")
        self.admitted = row.needed_instant("admittime")
        self.discharged = row.instant("dischtime")
        self.died = row.instant("deathtime")
        self.expired = row.raw("hospital_expire_flag") == "1"
        self.destination = row.raw("discharge_location")
        self.type = row.raw("admission_type")

    def remember(self, reading: Reading) -> None:
        """Keep what diagnoses and demographics need."""
        if self.discharged is not None:
            reading.discharged[self.hadm] = self.discharged
        met = min(self.registered or self.admitted, self.admitted)
        reading.first_met[self.patient] = min(
            met, reading.first_met.get(self.patient, met)
        )

    def events(self) -> Iterator[Event]:
        """Registration, admission, discharge, and what is known of life and death."""
        if self.registered is not None:
            yield self._encounter("registered", self.registered)
        yield self._encounter("admitted", self.admitted)
        yield self._alive("admission", self.admitted)
        if self.discharged is not None:
            yield self._encounter("discharged", self.discharged)
            if not self.expired and self.died is None:
                yield self._alive("discharge", self.discharged)
        if self.died is not None:
            yield Death(
                event_id=f"admissions:{self.hadm}:death",
                happened_at=self.died,
                known_at=self.died,
                encounter=self.hadm,
                place="hospital",
                basis="deathtime",
            )

    def _encounter(
        self, phase: Literal["registered", "admitted", "discharged"], at: datetime
    ) -> Encounter:
        ends = phase == "discharged"
        early = (Flag.STOP_BEFORE_START,) if ends and at < self.admitted else ()
        return Encounter(
            event_id=f"admissions:{self.hadm}:{phase}",
            happened_at=at,
            known_at=max(at, self.admitted) if ends else at,
            encounter=self.hadm,
            phase=phase,
            encounter_class="emergency" if phase == "registered" else self._class(),
            disposition=self._disposition() if ends else None,
            flags=early,
        )

    def _class(self) -> EncounterClass:
        return "outpatient" if self.type == _OUTPATIENT else "inpatient"

    def _disposition(self) -> Disposition:
        if self.expired:
            return "died"
        return _DISPOSITIONS.get(self.destination, "other")

    def _alive(self, basis: str, at: datetime) -> VitalStatusContact:
        return VitalStatusContact(
            event_id=f"admissions:{self.hadm}:alive:{basis}",
            happened_at=at,
            known_at=at,
            encounter=self.hadm,
            alive=True,
            basis=basis,
        )
