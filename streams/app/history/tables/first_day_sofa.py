"""`first_day_sofa`: every ICU stay, as mimic-code's `first_day_sofa.sql` (MIT)."""

from __future__ import annotations

from functools import partial

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.catalogue.named_policies import FIRST_DAY
from streams.clinical.scores.first_day_sofa import FirstDayPolicy, first_day_sofa
from streams.clinical.scores.organ import ORGANS
from streams.clinical.scores.stays import unit_stays
from streams.clinical.timeline import Timeline


def _rows(patient: str, timeline: Timeline, policy: FirstDayPolicy) -> list[Row]:
    rows: list[Row] = []
    for stay in unit_stays(timeline):
        day = first_day_sofa(timeline, stay, policy=policy)
        points = (organ.points for organ in day.components)
        rows.append((patient, stay.encounter, stay.stay, day.total, *points))
    return rows


FIRST_DAY_SOFA = Table(
    name="first_day_sofa",
    columns=("subject_id", "hadm_id", "stay_id", "sofa", *ORGANS),
    readings={
        name: partial(_rows, policy=FIRST_DAY[name]) for name in ("mimic", "ember")
    },
)
