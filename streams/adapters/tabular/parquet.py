"""Parquet files as rows of text, a batch at a time; needs the extra `batch` (polars)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from streams.adapters.tabular.files import Record
from streams.vocabulary.errors import ErrorCode, InputError


_BATCH = 20_000
"""Rows held at once."""
_TIME = "%Y-%m-%dT%H:%M:%S%.6f"


@contextmanager
def opened_parquet(path: Path) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """The columns and the rows; times as ISO 8601, nothing for null.

    Raises `InputError` EMB-113, naming the file, where it cannot be read (to the end).
    """
    try:
        frame = pl.scan_parquet(path)
        schema = frame.collect_schema()
        yield list(schema), _rows(frame, schema)
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise InputError(
            ErrorCode.UNREADABLE_FILE,
            f"{path.name} cannot be read as Parquet ({type(fault).__name__}).",
            "Copy or write the file again.",
        ) from None


def _rows(frame: pl.LazyFrame, schema: pl.Schema) -> Iterator[Record]:
    """Rows are numbered from 1; Parquet has no lines."""
    texts = frame.select(_as_text(name, kind) for name, kind in schema.items())
    number = 1
    for batch in texts.collect_batches(chunk_size=_BATCH, maintain_order=True):
        for row in batch.iter_rows():
            yield number, list(row)
            number += 1


def _as_text(name: str, kind: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
            column = column.dt.strftime(f"{_TIME}+00:00")
        else:
            column = column.dt.strftime(_TIME)
    elif isinstance(kind, pl.List | pl.Struct | pl.Array | pl.Binary | pl.Object):
        column = pl.lit("")
    elif isinstance(kind, pl.Float32):
        # By way of its own digits: as a 64-bit number 0.1 would be 0.10000000149.
        column = column.cast(pl.String)
    else:
        column = column.cast(pl.String)
    return column.fill_null("").alias(name)
