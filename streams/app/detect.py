"""The tables of `ember detect`: one row an episode, and one row an hour.

Columns and formats are those of mimic-code's `sepsis3` and `sofa` tables: times as
`YYYY-MM-DD HH:MM:SS`, nothing for null, whole numbers without decimals.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.sepsis3 import Sepsis3Episode
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.scores.organ import OrganHour
from streams.clinical.scores.sofa import SofaHour, hourly_sofa
from streams.clinical.timeline import Timeline


Cell = str | int | float | bool | datetime | None

SEPSIS3_COLUMNS = (
    "subject_id",
    "stay_id",
    "antibiotic_time",
    "culture_time",
    "suspected_infection_time",
    "sofa_time",
    "sofa_score",
    "respiration",
    "coagulation",
    "liver",
    "cardiovascular",
    "cns",
    "renal",
    "sepsis3",
)

SOFA_COLUMNS = (
    "stay_id",
    "hr",
    "starttime",
    "endtime",
    "pao2fio2ratio_novent",
    "pao2fio2ratio_vent",
    "rate_epinephrine",
    "rate_norepinephrine",
    "rate_dopamine",
    "rate_dobutamine",
    "meanbp_min",
    "gcs_min",
    "uo_24hr",
    "bilirubin_max",
    "creatinine_max",
    "platelet_min",
    "respiration",
    "coagulation",
    "liver",
    "cardiovascular",
    "cns",
    "renal",
    "respiration_24hours",
    "coagulation_24hours",
    "liver_24hours",
    "cardiovascular_24hours",
    "cns_24hours",
    "renal_24hours",
    "sofa_24hours",
)


@dataclass(slots=True)
class Counts:
    """What was read and found."""

    patients: int = 0
    episodes: int = 0
    hours: int = 0


def write_detect_csv(
    patients: Iterable[tuple[str, Timeline]],
    *,
    policy: Sepsis3Policy,
    out: TextIO,
    hourly: TextIO | None = None,
) -> Counts:
    """Write every episode to `out` and every hour to `hourly`, patient by patient.

    `patients` are pairs of name and whole timeline.
    """
    counts = Counts()
    episodes = csv.writer(out, lineterminator="\n")
    episodes.writerow(SEPSIS3_COLUMNS)
    hours = None if hourly is None else csv.writer(hourly, lineterminator="\n")
    if hours is not None:
        hours.writerow(SOFA_COLUMNS)
    for patient, timeline in patients:
        counts.patients += 1
        for row in sepsis3_rows(patient, timeline, policy=policy):
            counts.episodes += 1
            episodes.writerow(map(_text, row))
        if hours is not None:
            for row in sofa_rows(timeline, policy=policy):
                counts.hours += 1
                hours.writerow(map(_text, row))
    return counts


def sepsis3_rows(
    patient: str, timeline: Timeline, *, policy: Sepsis3Policy
) -> Iterator[tuple[Cell, ...]]:
    """The episodes of one patient, in the order of `SEPSIS3_COLUMNS`."""
    for found in sepsis3(timeline, policy=policy):
        yield _episode_row(patient, found)


def sofa_rows(
    timeline: Timeline, *, policy: Sepsis3Policy
) -> Iterator[tuple[Cell, ...]]:
    """The hours of one patient, in the order of `SOFA_COLUMNS`."""
    for hour in hourly_sofa(timeline, policy=policy.sofa):
        yield _hour_row(hour)


def _episode_row(patient: str, found: Sepsis3Episode) -> tuple[Cell, ...]:
    return (
        patient,
        found.stay,
        found.antimicrobial_at,
        found.culture_at,
        found.suspicion_at,
        found.dysfunction_at,
        found.score,
        *(component.points for component in found.components),
        True,
    )


def _hour_row(hour: SofaHour) -> tuple[Cell, ...]:
    lungs, blood, liver, vessels, brain, kidney = hour.organs
    novent, vent = _values(lungs, 2)
    epinephrine, norepinephrine, dopamine, dobutamine, pressure = _values(vessels, 5)
    urine, creatinine = _values(kidney, 2)
    return (
        *(hour.stay, hour.hr, hour.start, hour.end),
        *(novent, vent, epinephrine, norepinephrine, dopamine, dobutamine),
        *(pressure, *_values(brain, 1), urine),
        *(*_values(liver, 1), creatinine, *_values(blood, 1)),
        *(organ.points for organ in hour.organs),
        *(component.points for component in hour.day),
        hour.total,
    )


def _values(organ: OrganHour, count: int) -> tuple[float | None, ...]:
    return organ.values or (None,) * count


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M:%S")
        case float() if cell.is_integer():
            return str(int(cell))
    return str(cell)
