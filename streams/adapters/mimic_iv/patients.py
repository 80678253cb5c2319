"""`hosp/patients`: who they are, and the date of death where the state knows one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal

from streams.adapters.intake import SourcedEvent
from streams.adapters.mimic_iv.known_at import Known
from streams.adapters.mimic_iv.reading import Reading
from streams.adapters.tabular.cells import STAND_IN, YEARS, Row
from streams.adapters.tabular.table import Table
from streams.vocabulary.clock import DAY
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import (
    Death,
    Demographics,
    Event,
)
from streams.vocabulary.facts import Flag


PATIENTS = Table(
    name="hosp/patients",
    columns=("subject_id", "gender", "anchor_age", "anchor_year", "dod"),
)

_SEXES: MappingProxyType[str, Literal["female", "male"]] = MappingProxyType(
    {"F": "female", "M": "male"}
)


def read(reading: Reading) -> Iterator[SourcedEvent]:
    """The events of the table; admissions must have been read before."""

    def mapping(row: Row) -> Iterator[Event]:
        patient = row.needed_identifier("subject_id")
        year = _year(row)
        yield _demographics(row, patient, year, _first_met(reading, patient, year))
        died = row.day("dod")
        if died is not None:
            yield _death(patient, died)

    return reading.mapped(PATIENTS, mapping)


def _year(row: Row) -> int:
    year = int(row.needed_number("anchor_year"))
    if year not in YEARS:
        row.reject(ErrorCode.MALFORMED_TIME, "anchor_year", f"{year} is not a year.")
        return STAND_IN.year
    return year


def _first_met(reading: Reading, patient: str, year: int) -> Known:
    met = reading.first_met.get(patient)
    if met is not None:
        return Known(met)
    # No hospital stay: the year to which the age belongs is all there is.
    stand_in = datetime(year, 1, 1, tzinfo=UTC)
    return Known(stand_in, (Flag.DATE_ONLY, Flag.LAG_UNMEASURABLE))


def _demographics(row: Row, patient: str, year: int, known: Known) -> Demographics:
    return Demographics(
        event_id=f"patients:{patient}",
        happened_at=known.at,
        known_at=known.at,
        sex=_SEXES.get(row.raw("gender")),
        birth_year=year - int(row.needed_number("anchor_age")),
        # Birthdays are gone: `anchor_age` is the age in all of `anchor_year`.
        age_precision="stated",
        flags=known.flags,
    )


def _death(patient: str, day: datetime) -> Death:
    return Death(
        event_id=f"patients:{patient}:death",
        happened_at=day,
        known_at=day + DAY,
        basis="dod",
        flags=(Flag.DATE_ONLY, Flag.LAG_UNMEASURABLE),
    )
