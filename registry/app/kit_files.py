"""A supplier's list of kits as CSV: `kit`, `arm`, `lot`, `expires_on`."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from registry.domain.kit import KitLine
from streams.vocabulary.errors import ErrorCode, SettingsError


COLUMNS = ("kit", "arm", "lot", "expires_on")


def read_kits(path: Path) -> tuple[KitLine, ...]:
    """The lines of the file, whose first names the columns.

    Raises `SettingsError` EMB-402 for what is no such file; it repeats no cell of it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
            return tuple(_line(number, row) for number, row in enumerate(rows, 2))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise _bad(f"cannot be read ({type(fault).__name__})") from None


def _line(number: int, row: dict[str, str]) -> KitLine:
    if set(row) != {*COLUMNS} or None in row.values():
        raise _bad(f"has other columns than {', '.join(COLUMNS)} in line {number}")
    told = {name: row[name].strip() for name in COLUMNS}
    try:
        expires_on = date.fromisoformat(told.pop("expires_on"))
    except ValueError:
        raise _bad(f"has no date like 2027-03-31 in line {number}") from None
    return KitLine(**told, expires_on=expires_on)


def _bad(fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"The list of kits {fault}.",
        "See `deploy/docs/kits.md` for its form.",
    )
