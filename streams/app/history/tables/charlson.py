"""`charlson`: the index of every hospital stay, as mimic-code's `charlson.sql` (MIT)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.comorbidity.charlson import (
    CHARLSON_POLICIES,
    CharlsonPolicy,
    charlson,
    charlson_conditions,
)
from streams.clinical.comorbidity.code_lists import code_lists
from streams.clinical.scores.kdigo_rows import NEVER
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Encounter


def _rows(patient: str, timeline: Timeline, policy: CharlsonPolicy) -> Iterator[Row]:
    for fact in timeline.all(Encounter, "encounter"):
        if fact.phase == "admitted" and fact.encounter is not None:
            yield (patient, *_row(timeline, fact.encounter, policy))


def _row(timeline: Timeline, encounter: str, policy: CharlsonPolicy) -> Row:
    """In hindsight: by all codes of the stay, whenever they were assigned."""
    found = charlson_conditions(timeline, NEVER, encounter=encounter, policy=policy)
    score = charlson(timeline, NEVER, encounter=encounter, policy=policy)
    flags = (found.has(name) for name in found.conditions)
    age = next(part for part in score.components if part.name == "age")
    return (
        *(encounter, age.points),
        *(None if flag is None else int(flag) for flag in flags),
        score.total,
    )


CHARLSON = Table(
    name="charlson",
    columns=(
        *("subject_id", "hadm_id", "age_score"),
        *code_lists("charlson"),
        "charlson_comorbidity_index",
    ),
    readings={name: partial(_rows, policy=p) for name, p in CHARLSON_POLICIES.items()},
)
