"""`sofa`: every ICU hour, as mimic-code's `sofa.sql` (MIT)."""

from __future__ import annotations

from functools import partial

from streams.app.history.cells import Row
from streams.app.history.detect import SOFA_COLUMNS, sofa_rows
from streams.app.history.tables.table import Table
from streams.clinical.definitions.policies import EMBER, MIMIC, Sepsis3Policy
from streams.clinical.timeline import Timeline


def _rows(patient: str, timeline: Timeline, policy: Sepsis3Policy) -> list[Row]:  # noqa: ARG001 - a Reading
    return list(sofa_rows(timeline, policy=policy))


SOFA = Table(
    name="sofa",
    columns=SOFA_COLUMNS,
    readings={p.name: partial(_rows, policy=p) for p in (MIMIC, EMBER)},
)
