"""What a table of derived concepts is: columns, and rows by policy."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TextIO

from streams.app.history.cells import Row, text_of
from streams.clinical.timeline import Timeline
from streams.vocabulary.errors import ErrorCode, SettingsError


Reading = Callable[[str, Timeline], Iterable[Row]]
"""From a patient's name (`subject_id`) and whole timeline to the rows of that patient,
in the order of the table's columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One derived concept as a CSV."""

    name: str
    """As `ember table` is told it, and as mimic-code names the concept."""
    columns: tuple[str, ...]
    readings: Mapping[str, Reading]
    """By name of the policy; every table has `mimic`."""

    def reading(self, policy: str) -> Reading:
        """The rows under that policy; raises `SettingsError` EMB-402."""
        if policy not in self.readings:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"There is no policy {policy!r} for the table {self.name}.",
                f"Use one of: {', '.join(self.readings)}.",
            )
        return self.readings[policy]


@dataclass(slots=True)
class Written:
    """How much was written."""

    patients: int = 0
    rows: int = 0


def write_table(
    patients: Iterable[tuple[str, Timeline]],
    *,
    table: Table,
    policy: str,
    out: TextIO,
) -> Written:
    """Write the rows of every patient; `patients` are pairs of name and timeline."""
    reading, written = table.reading(policy), Written()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(table.columns)
    for patient, timeline in patients:
        written.patients += 1
        for row in reading(patient, timeline):
            written.rows += 1
            lines.writerow(map(text_of, row))
    return written
