"""`kdigo_stages`: AKI at every moment of every ICU stay, as mimic-code has it (MIT)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.scores.kdigo_policy import KDIGO_POLICIES, KdigoPolicy
from streams.clinical.scores.kdigo_rows import KdigoRow, kdigo_rows
from streams.clinical.timeline import Timeline


def _rows(patient: str, timeline: Timeline, policy: KdigoPolicy) -> Iterator[Row]:
    for row in kdigo_rows(timeline, policy=policy):
        yield (
            *(patient, row.encounter, row.stay, row.at),
            *_creatinine(row),
            *((None,) * 3 if row.urine is None else row.urine.rates),
            row.urine_stage,
            3 if row.rrt else None,
            *(row.stage, row.smoothed),
        )


def _creatinine(row: KdigoRow) -> Row:
    one = row.creatinine
    if one is None:
        return (None, None, None, None)
    return (one.low_7_days, one.low_48_hours, one.value.low, one.points)


KDIGO_STAGES = Table(
    name="kdigo_stages",
    columns=(
        *("subject_id", "hadm_id", "stay_id", "charttime"),
        *("creat_low_past_7day", "creat_low_past_48hr", "creat", "aki_stage_creat"),
        *("uo_rt_6hr", "uo_rt_12hr", "uo_rt_24hr", "aki_stage_uo"),
        *("aki_stage_crrt", "aki_stage", "aki_stage_smoothed"),
    ),
    readings={name: partial(_rows, policy=p) for name, p in KDIGO_POLICIES.items()},
)
