"""What every reader hands on: events with their source, and an account of the rest.

A row ends in one of four ways: *mapped* (it gave events), *unmapped* (its code is in
no map), *filed unread* (it is of a sort Ember does not use yet) or *rejected*, with
file, line, column, code and reason.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Event
from streams.vocabulary.facts import Flag


@dataclass(frozen=True, slots=True)
class SourcedEvent:
    """One canonical event, whose it is, and the table it was read from."""

    patient: str
    source: str
    event: Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One row that could not be used: where, why, and what would mend it."""

    file: str
    line: int
    """Its number in the file; of a message among those of all files, 0 for none."""
    column: str | None
    code: ErrorCode
    reason: str
    cure: str = ""
    counts: Literal["lines", "messages"] = "lines"

    @property
    def part(self) -> str:
        """The column, or the place within a message, as it follows a place."""
        if self.column is None:
            return ""
        return f", {'column ' if self.counts == 'lines' else ''}{self.column}"

    def __str__(self) -> str:
        """One line for the list at the end of a run."""
        number = f", line {self.line}"
        if self.counts == "messages":
            number = f", message {self.line} of all" if self.line else ""
        place = f"{self.file}{number}{self.part}"
        return f"{self.code}: {place}: {self.reason} {self.cure}".rstrip()


_OTHER_CODES = "(other codes)"
_CODES_KEPT = 10_000
"""A column of garbage has as many codes as rows; memory must not grow with it."""


@dataclass(slots=True)
class TableCounts:
    """What became of the rows of one table."""

    read: int = 0
    mapped: int = 0
    filed_unread: int = 0
    events: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)
    """By local code."""
    rejected: Counter[ErrorCode] = field(default_factory=Counter)
    flagged: Counter[Flag] = field(default_factory=Counter)
    """Events, by flag."""

    def leave_unmapped(self, code: str) -> None:
        """Count a row whose code is in no map."""
        known = code in self.unmapped or len(self.unmapped) < _CODES_KEPT
        self.unmapped[code if known else _OTHER_CODES] += 1

    def note(self, event: Event) -> None:
        """Count an event that is handed on."""
        self.events += 1
        for flag in event.flags:
            self.flagged[flag] += 1

    @property
    def bad(self) -> int:
        """The rows rejected."""
        return self.rejected.total()

    @property
    def judged(self) -> int:
        """The rows whose content was looked at: mapped or rejected."""
        return self.mapped + self.bad


class IntakeReport:
    """The account of one run: counts per table, and the first rejections in full.

    Memory is bounded: of all rejections the counts are kept, of the first
    `rejections_kept` also the text.
    """

    _BAD_SHARE = 0.9
    _ROWS_TO_JUDGE = 1_000
    _ROWS_OF_A_TABLE = 10
    """Fewer say nothing of a table: of one patient it may hold a single row."""

    def __init__(
        self, rejections_kept: int = 1_000, *, stops_at_bad: bool = True
    ) -> None:
        """`stops_at_bad`: whether it raises where nearly all of a table is rejected."""
        self.tables: dict[str, TableCounts] = {}
        self.rejections: list[Rejection] = []
        self.place: tuple[str, int, int] | None = None
        """Where the reading is: the table, the number of its file, and of how many."""
        self._kept = rejections_kept
        self._stops = stops_at_bad

    def table(self, name: str) -> TableCounts:
        """The counts of one table; new ones where it was not met before."""
        counts = self.tables.get(name)
        if counts is None:
            counts = self.tables[name] = TableCounts()
        return counts

    def reject(self, table: str, rejection: Rejection) -> None:
        """Note a rejected row.

        Raises `InputError` EMB-109 when nine tenths of at least 1,000 rows of the
        table were rejected.
        """
        counts = self.table(table)
        counts.rejected[rejection.code] += 1
        if len(self.rejections) < self._kept:
            self.rejections.append(rejection)
        if counts.judged >= self._ROWS_TO_JUDGE:
            self._stop_if_nearly_all_bad(table)

    def finish(self, table: str) -> None:
        """The table is read; raises `InputError` EMB-109 where it was nearly all bad."""
        if self.table(table).judged >= self._ROWS_OF_A_TABLE:
            self._stop_if_nearly_all_bad(table)

    def close(self) -> None:
        """All is read; raises `InputError` EMB-109 where all was nearly all bad."""
        judged = sum(counts.judged for counts in self.tables.values())
        bad = self.rejected and self.rejected >= self._BAD_SHARE * judged
        if self._stops and bad:
            raise self._nearly_all_bad("all tables", judged, self.rejected, None)

    @property
    def rejected(self) -> int:
        """The rows rejected in all tables."""
        return sum(counts.bad for counts in self.tables.values())

    def _stop_if_nearly_all_bad(self, table: str) -> None:
        counts = self.table(table)
        bad = counts.bad and counts.bad >= self._BAD_SHARE * counts.judged
        if self._stops and bad:
            raise self._nearly_all_bad(table, counts.judged, counts.bad, table)

    def _nearly_all_bad(
        self, place: str, judged: int, bad: int, file: str | None
    ) -> InputError:
        kept = (r for r in reversed(self.rejections) if file in (None, r.file))
        example = next(kept, None)
        return InputError(
            ErrorCode.NEARLY_ALL_BAD,
            f"Of {judged} rows of {place}, {bad} were rejected."
            + (f" The last one told: {example}" if example else ""),
            "Check that each file is the table it is named after.",
        )
