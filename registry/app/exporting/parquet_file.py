"""Parquet, by way of a CSV beside it; needs the extra `batch` (polars).

Rows are never all in memory: polars reads the CSV a part at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from registry.app.exporting.csv_file import write_csv
from registry.domain.disclosure import Column, Form, Value


def write_parquet(
    path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Value]]
) -> int:
    """Write the file, whole or not at all; gives the number of rows."""
    with TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as folder:
        staged, whole = Path(folder) / "rows.csv", Path(folder) / "whole.parquet"
        number = write_csv(staged, columns, rows)
        table = pl.scan_csv(staged, schema={c.name: pl.String() for c in columns})
        typed = table.select(_typed(column) for column in columns)
        typed.sink_parquet(whole, compression="zstd", maintain_order=True)
        whole.replace(path)
    return number


def _typed(column: Column) -> pl.Expr:
    text = pl.col(column.name)
    if column.form == "moment":
        return text.str.to_datetime(_MOMENT, time_unit="us", time_zone="UTC")
    if column.form == "boolean":
        return text.replace_strict({"true": True, "false": False}, default=None)
    return text.cast(_TYPES[column.form])


_MOMENT = "%Y-%m-%dT%H:%M:%S%.fZ"
_TYPES: dict[Form, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
}
