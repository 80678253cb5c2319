"""`sirs`: the first day of every ICU stay, as mimic-code's `sirs.sql` (MIT)."""

from __future__ import annotations

from collections.abc import Iterator

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.scores.sirs_first_day import first_day_sirs
from streams.clinical.timeline import Timeline


def _rows(patient: str, timeline: Timeline) -> Iterator[Row]:
    for day in first_day_sirs(timeline):
        points = (part.points for part in day.score.components)
        yield (patient, day.stay.encounter, day.stay.stay, day.score.total, *points)


SIRS = Table(
    name="sirs",
    columns=(
        *("subject_id", "hadm_id", "stay_id", "sirs"),
        *("temp_score", "heart_rate_score", "resp_score", "wbc_score"),
    ),
    readings={"mimic": _rows},
)
