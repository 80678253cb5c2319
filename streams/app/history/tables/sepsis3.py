"""`sepsis3`: every septic ICU stay, as mimic-code's `sepsis3.sql` (MIT)."""

from __future__ import annotations

from functools import partial

from streams.app.history.cells import Row
from streams.app.history.detect import SEPSIS3_COLUMNS, Counts, sepsis3_rows
from streams.app.history.tables.table import Table
from streams.clinical.definitions.policies import EMBER, MIMIC, Sepsis3Policy
from streams.clinical.timeline import Timeline


def _rows(patient: str, timeline: Timeline, policy: Sepsis3Policy) -> list[Row]:
    return list(sepsis3_rows(patient, timeline, policy=policy, counts=Counts()))


SEPSIS3 = Table(
    name="sepsis3",
    columns=SEPSIS3_COLUMNS,
    readings={p.name: partial(_rows, policy=p) for p in (MIMIC, EMBER)},
)
