"""CSV: UTF-8, a header, commas, one line feed a row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from registry.app.exporting.written import as_text
from registry.domain.disclosure import Column, Value
from streams.app.history.writing import writing


def write_csv(
    path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Value]]
) -> int:
    """Write the file, whole or not at all; gives the number of rows."""
    number = 0
    with writing(path) as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow([column.name for column in columns])
        for row in rows:
            out.writerow([as_text(value) for value in row])
            number += 1
    return number
