"""The tables of `ember detect`: one row an ICU stay that is septic, one row an hour.

Columns and formats are those of mimic-code's `sepsis3` and `sofa` tables: times as
`YYYY-MM-DD HH:MM:SS`, nothing for null, whole numbers without decimals.
Where a policy has one episode for each hospital stay, it is laid over the ICU stays
here; the definition knows nothing of that.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from streams.app.history.cells import Row, text_of
from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.sepsis3 import NO_ENCOUNTER, Sepsis3Episode
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.scores.organ import OrganHour
from streams.clinical.scores.sofa import SofaHour, hourly_sofa
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR


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
    """What was read, found and written."""

    patients: int = 0
    episodes: int = 0
    without_icu_stay: int = 0
    """Episodes with no ICU stay in their window, which therefore have no row."""
    stays: int = 0
    """Rows of ICU stays."""
    hours: int = 0


def write_detect_csv(
    patients: Iterable[tuple[str, Timeline]],
    *,
    policy: Sepsis3Policy,
    out: TextIO,
    hourly: TextIO | None = None,
) -> Counts:
    """Write every septic ICU stay to `out` and every hour to `hourly`.

    `patients` are pairs of name and whole timeline.
    """
    counts = Counts()
    stays = csv.writer(out, lineterminator="\n")
    stays.writerow(SEPSIS3_COLUMNS)
    hours = None if hourly is None else csv.writer(hourly, lineterminator="\n")
    if hours is not None:
        hours.writerow(SOFA_COLUMNS)
    for patient, timeline in patients:
        counts.patients += 1
        for row in sepsis3_rows(patient, timeline, policy=policy, counts=counts):
            stays.writerow(map(text_of, row))
        if hours is not None:
            for row in sofa_rows(timeline, policy=policy):
                counts.hours += 1
                hours.writerow(map(text_of, row))
    return counts


def sepsis3_rows(
    patient: str, timeline: Timeline, *, policy: Sepsis3Policy, counts: Counts
) -> Iterator[Row]:
    """The septic ICU stays of one patient, in the order of `SEPSIS3_COLUMNS`.

    Episodes come by time of suspicion, so that a stay is told by its earliest.
    """
    units = unit_stays(timeline)
    told: set[str] = set()
    for found in sepsis3(timeline, policy=policy):
        septic = _septic_stays(units, found, policy)
        counts.episodes += 1
        counts.without_icu_stay += not septic
        for stay in septic:
            if stay not in told:
                told.add(stay)
                counts.stays += 1
                yield _stay_row(patient, stay, found)


def sofa_rows(timeline: Timeline, *, policy: Sepsis3Policy) -> Iterator[Row]:
    """The ICU hours of one patient, in the order of `SOFA_COLUMNS`."""
    units = unit_stays(timeline)
    if not units:
        return
    hours: Iterable[SofaHour] = hourly_sofa(timeline, policy=policy.sofa)
    if policy.sofa.hours == "encounter":
        hours = _hours_of_stays(units, tuple(hours))
    for hour in hours:
        yield _hour_row(hour)


def _septic_stays(
    units: Sequence[UnitStay], found: Sepsis3Episode, policy: Sepsis3Policy
) -> tuple[str, ...]:
    """The ICU stays that meet the definition by this episode."""
    if policy.per == "icu_stay":
        return () if found.stay is None else (found.stay,)
    encounter = None if found.encounter == NO_ENCOUNTER else found.encounter
    opens, closes = found.suspicion_at - policy.before, found.window_closes_at
    return tuple(
        unit.stay
        for unit in units
        if _may_belong(unit, encounter)
        and unit.entered <= closes
        and (unit.left is None or opens < unit.left)
    )


def _hours_of_stays(
    units: Sequence[UnitStay], hours: Sequence[SofaHour]
) -> Iterator[SofaHour]:
    """The hours that end inside an ICU stay, counted from its first.

    Records of two hospital stays may overlap; an hour in both sees the same facts.
    """
    for unit in units:
        inside = {
            hour.end: hour
            for hour in hours
            if _may_belong(unit, hour.encounter) and unit.holds(hour.end)
        }
        ends = sorted(inside)
        for end in ends:
            hr = (end - ends[0]) // HOUR
            yield replace(inside[end], stay=unit.stay, hr=hr)


def _may_belong(unit: UnitStay, encounter: str | None) -> bool:
    """Whether the ICU stay is of that hospital stay; one not named excludes nothing."""
    return unit.encounter is None or encounter in {None, unit.encounter}


def _stay_row(patient: str, stay: str, found: Sepsis3Episode) -> Row:
    return (
        patient,
        stay,
        found.antimicrobial_at,
        found.culture_at,
        found.suspicion_at,
        found.dysfunction_at,
        found.score,
        *(component.points for component in found.components),
        True,
    )


def _hour_row(hour: SofaHour) -> Row:
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
