"""One table: its header checked, its rows streamed, each counted once."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from streams.adapters.intake import IntakeReport, Rejection
from streams.adapters.tabular.cells import Row
from streams.adapters.tabular.files import Record, find_table, opened, records
from streams.vocabulary.errors import ErrorCode, InputError


@dataclass(frozen=True, slots=True)
class Table:
    """What a reader needs to find: a table and the columns it looks at.

    Columns may stand in any order; others are ignored.
    """

    name: str
    """With its folder, without its ending: `icu/chartevents`."""
    columns: tuple[str, ...]
    patient: str = "subject_id"
    code: str | None = None
    """The column whose local code decides whether a row is looked at, if any."""


def check_header(folder: Path, table: Table) -> None:
    """Raises `InputError` EMB-101 for a missing table, EMB-102 for a column."""
    with opened(_path(folder, table)) as text:
        _header(table, records(text))


def rows(
    folder: Path,
    table: Table,
    report: IntakeReport,
    *,
    codes: Collection[str] | None = None,
    patients: Collection[str] | None = None,
) -> Iterator[Row]:
    """The rows with a mapped code, of these patients, that are whole.

    The rest is counted here: other codes as unmapped, ragged rows as rejected; rows
    of other patients are passed by. A row handed out is settled by the caller.
    Raises `InputError` EMB-101, EMB-102, EMB-109 and EMB-113.
    """
    counts = report.table(table.name)
    with opened(_path(folder, table)) as text:
        stream = records(text)
        at = _header(table, stream)
        width, patient_at = len(at), at[table.patient]
        code_at = at[table.code] if table.code and codes is not None else None
        # The order of these tests is the speed of the reader: of chartevents'
        # hundreds of millions of rows nine in ten stop at the code.
        for line, cells in stream:
            if isinstance(cells, csv.Error) or len(cells) != width:
                if not _is_blank(cells):
                    counts.read += 1
                    report.reject(table.name, _ragged(table, line, cells, width))
                continue
            if patients is not None and cells[patient_at] not in patients:
                continue
            counts.read += 1
            if code_at is not None and cells[code_at] not in codes:  # type: ignore[operator]  # code_at is set only with codes
                counts.leave_unmapped(cells[code_at])
                continue
            row = Row(file=table.name, line=line, at=at, cells=cells)
            row.check_bytes()
            yield row
    report.finish(table.name)


def _path(folder: Path, table: Table) -> Path:
    path = find_table(folder, table.name)
    if path is None:
        raise InputError(
            ErrorCode.MISSING_TABLE,
            f"There is no table {table.name} (.csv or .csv.gz) in {folder}.",
            "Point to the folder that holds it, and check that the download is whole.",
        )
    return path


def _header(table: Table, stream: Iterator[Record]) -> dict[str, int]:
    _, first = next(stream, (1, []))
    names = [] if isinstance(first, csv.Error) else first
    at = {name.strip(): i for i, name in enumerate(names)}
    missing = [name for name in table.columns if name not in at]
    if missing:
        raise InputError(
            ErrorCode.MISSING_COLUMN,
            f"The table {table.name} has no column {', '.join(missing)}.",
            "Check that the file is the table it is named after, with its header.",
        )
    return at


def _is_blank(cells: list[str] | csv.Error) -> bool:
    return isinstance(cells, list) and not cells


def _ragged(
    table: Table, line: int, cells: list[str] | csv.Error, width: int
) -> Rejection:
    if isinstance(cells, csv.Error):
        reason = f"The row cannot be read as CSV: {cells}."
    else:
        reason = f"The row has {len(cells)} cells where the header has {width}."
    return Rejection(
        file=table.name,
        line=line,
        column=None,
        code=ErrorCode.MALFORMED_ROW,
        reason=reason,
        cure="Look for an unclosed quote or a stray comma.",
    )
