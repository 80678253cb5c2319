"""XLSX; needs the extra `batch` (XlsxWriter).

Moments are text in UTC, because a sheet knows no time zone; what a person wrote is
text as well, and never a formula.
A sheet holds 1,048,576 rows; what is left goes on in the next, under the same header.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from registry.app.exporting.written import as_text
from registry.domain.disclosure import Column, Value
from streams.vocabulary.errors import ErrorCode, SettingsError


ROWS_A_SHEET = 1_048_575
"""Beside the header."""
_LONGEST = 32_767
"""Characters of a cell."""
_EPOCH = datetime(1980, 1, 1)  # noqa: DTZ001  the format's own first day; the same bytes each time


def write_xlsx(
    path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Value]]
) -> int:
    """Write the file, whole or not at all; gives the number of rows.

    Raises `SettingsError` EMB-402 for a text that no cell holds.
    """
    number = 0
    with TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as folder:
        whole = Path(folder) / "whole.xlsx"
        book = Workbook(str(whole), {"constant_memory": True, "tmpdir": folder})
        book.set_properties({"created": _EPOCH})
        sheet = _sheet(book, columns)
        for row in rows:
            if number and number % ROWS_A_SHEET == 0:
                sheet = _sheet(book, columns)
            _write(sheet, number % ROWS_A_SHEET + 1, row)
            number += 1
        book.close()
        whole.replace(path)
    return number


def _sheet(book: Workbook, columns: Sequence[Column]) -> Worksheet:
    sheet: Worksheet = book.add_worksheet()
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.name)
    return sheet


def _write(sheet: Worksheet, line: int, row: Sequence[Value]) -> None:
    for place, value in enumerate(row):
        match value:
            case None:
                continue
            case bool():
                sheet.write_boolean(line, place, value)
            case int() | float():
                sheet.write_number(line, place, value)
            case _:
                sheet.write_string(line, place, _fitting(as_text(value)))


def _fitting(text: str) -> str:
    if len(text) > _LONGEST:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"A text of {len(text)} characters does not fit a cell of XLSX.",
            "Write CSV or Parquet: nothing is cut off there.",
        )
    return text
