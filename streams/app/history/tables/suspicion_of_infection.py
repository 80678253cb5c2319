"""`suspicion_of_infection`: every antimicrobial, and the culture it was paired with.

As mimic-code's `suspicion_of_infection.sql` (MIT); one that was paired with none has a
row too.
"""

from __future__ import annotations

from functools import partial

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.definitions.policies import EMBER, MIMIC, Sepsis3Policy
from streams.clinical.definitions.prescribed import Prescribed, prescribed
from streams.clinical.timeline import Timeline


COLUMNS = (
    "subject_id",
    "stay_id",
    "hadm_id",
    "ab_id",
    "antibiotic",
    "antibiotic_time",
    "suspected_infection",
    "suspected_infection_time",
    "culture_time",
    "specimen",
    "positive_culture",
)


def _rows(patient: str, timeline: Timeline, policy: Sepsis3Policy) -> list[Row]:
    found = prescribed(timeline, policy=policy.suspicion)
    return [_row(patient, drug) for drug in found]


def _row(patient: str, given: Prescribed) -> Row:
    drug, suspicion, culture = given.drug, given.suspicion, given.culture
    start = (
        *(patient, given.stay, drug.encounter, given.number),
        *(drug.sent_drug, drug.happened_at),
    )
    if suspicion is None or culture is None:
        return (*start, 0, None, None, None, None)
    return (
        *(*start, 1, suspicion.suspected_at, suspicion.culture_at),
        *(culture.specimen, int(given.positive)),
    )


SUSPICION_OF_INFECTION = Table(
    name="suspicion_of_infection",
    columns=COLUMNS,
    readings={p.name: partial(_rows, policy=p) for p in (MIMIC, EMBER)},
)
