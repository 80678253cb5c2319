"""One row and the typed readers of its cells.

A cell that cannot be read leaves its fault on the row and a stand-in in its place, so
that a mapping reads straight down the page.
Whoever runs the mapping drops the events of a row with a fault; nobody ever sees a
stand-in.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime

from streams.adapters.intake import Rejection
from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode, InputError


STAND_IN = datetime(1, 1, 1, tzinfo=UTC)
"""What an unreadable time is read as, until its row is dropped."""


_DATE_ALONE = len("2150-03-01")

YEARS = range(1800, 9001)
"""Years a patient can live in; shifted research data reach into the 23rd century."""


def instant(text: str) -> datetime | None:
    """ISO 8601 with hyphens, naive times as UTC; None where no patient lived then."""
    if text[4:5] != "-" or text[7:8] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return in_utc(moment) if moment.tzinfo else moment.replace(tzinfo=UTC)


def number(text: str) -> float | None:
    """A finite number; None where it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


class Row:
    """One row of a table; `fault` tells why it cannot be used."""

    __slots__ = ("_at", "_cells", "_file", "fault", "line")

    def __init__(
        self, *, file: str, line: int, at: dict[str, int], cells: list[str]
    ) -> None:
        self.line = line
        self.fault: Rejection | None = None
        self._file = file
        self._at = at
        self._cells = cells

    def raw(self, column: str) -> str:
        """The cell as it stands; empty where the column is not there."""
        at = self._at.get(column)
        return "" if at is None else self._cells[at]

    def text(self, column: str) -> str | None:
        """The cell as it stands, outer blanks included; None where it is empty."""
        return self.raw(column) or None

    def needed_text(self, column: str) -> str:
        """A cell that must not be empty."""
        found = self.raw(column)
        if not found:
            self._miss(column)
        return found

    def identifier(self, column: str) -> str | None:
        """A whole number that names something; None where the cell is empty."""
        found = self.raw(column)
        if found and not (found.isascii() and found.isdigit()):
            self.reject(
                ErrorCode.MALFORMED_NUMBER,
                column,
                f"{found!r} is not an identifier.",
                "Identifiers are whole numbers, written without a decimal point.",
            )
        return found or None

    def needed_identifier(self, column: str) -> str:
        """An identifier that must be there."""
        found = self.identifier(column)
        if found is None:
            self._miss(column)
        return found or ""

    def day(self, column: str) -> datetime | None:
        """The midnight of a date, or a time; None where the cell is empty."""
        return self._moment(column, day=True)

    def needed_day(self, column: str) -> datetime:
        """A date or time that must be there."""
        return self._there(column, self.day(column))

    def instant(self, column: str) -> datetime | None:
        """A time of day on a date; None where the cell is empty."""
        return self._moment(column, day=False)

    def _moment(self, column: str, *, day: bool) -> datetime | None:
        found = self.raw(column)
        if not found:
            return None
        moment = instant(found) if day or len(found) > _DATE_ALONE else None
        if moment is None:
            self.reject(
                ErrorCode.MALFORMED_TIME,
                column,
                f"{found!r} is not a {'date' if day else 'time of day on a date'}.",
                "Write it as YYYY-MM-DD HH:MM:SS.",
            )
            return STAND_IN
        return moment

    def needed_instant(self, column: str) -> datetime:
        """A time that must be there."""
        return self._there(column, self.instant(column))

    def _there(self, column: str, moment: datetime | None) -> datetime:
        if moment is None:
            self._miss(column)
        return moment or STAND_IN

    def number(self, column: str) -> float | None:
        """A number; None where the cell is empty."""
        found = self.raw(column)
        if not found:
            return None
        value = number(found)
        if value is None:
            self.reject(
                ErrorCode.MALFORMED_NUMBER,
                column,
                f"{found!r} is not a number.",
                "Write it with a decimal point and without a unit.",
            )
        return value

    def needed_number(self, column: str) -> float:
        """A number that must be there."""
        value = self.number(column)
        if value is None:
            self._miss(column)
        return value or 0.0

    def reject(
        self, code: ErrorCode, column: str | None, reason: str, cure: str = ""
    ) -> None:
        """Leave a fault on this row; the first one stands."""
        if self.fault is None:
            self.fault = Rejection(
                file=self._file,
                line=self.line,
                column=column,
                code=code,
                reason=reason,
                cure=cure,
            )

    def reject_for(self, column: str, error: InputError) -> None:
        """Leave an error that the vocabulary raised over this cell as the fault."""
        self.reject(error.code, column, error.problem, error.cure)

    def check_bytes(self) -> None:
        """Leave a fault where the row holds bytes that are not UTF-8, or a NUL."""
        whole = "".join(self._cells)
        if "\0" in whole or not _is_utf8(whole):
            self.reject(
                ErrorCode.MALFORMED_ROW,
                None,
                "The row holds bytes that are not UTF-8 text.",
                "Convert the file to UTF-8.",
            )

    def _miss(self, column: str) -> None:
        if self.fault is None:
            self.reject(
                ErrorCode.MISSING_VALUE,
                column,
                f"{column} is empty.",
                "The row says nothing without it.",
            )


def _is_utf8(text: str) -> bool:
    """Whether no byte had to be smuggled in as a lone surrogate."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)
