"""`norepinephrine_equivalent_dose`, as mimic-code's SQL of that name (MIT)."""

from __future__ import annotations

from collections.abc import Iterator

from streams.app.history.cells import Row
from streams.app.history.tables.table import Table
from streams.clinical.scores.equivalent_rows import equivalent_rows
from streams.clinical.timeline import Timeline


def _rows(patient: str, timeline: Timeline) -> Iterator[Row]:  # noqa: ARG001 - a Reading
    for row in equivalent_rows(timeline):
        yield (row.stay, row.start, row.end, row.dose)


NOREPINEPHRINE_EQUIVALENT_DOSE = Table(
    name="norepinephrine_equivalent_dose",
    columns=("stay_id", "starttime", "endtime", "norepinephrine_equivalent_dose"),
    readings={"mimic": _rows},
)
