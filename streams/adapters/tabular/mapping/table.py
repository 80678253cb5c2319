"""One file of a table: rows in, events out, and an account of each row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from operator import itemgetter
from pathlib import Path

from streams.adapters.identity.pseudonyms import Identifier, Sighting
from streams.adapters.intake import Rejection, SourcedEvent
from streams.adapters.spill import externally_sorted
from streams.adapters.tabular.files import Record
from streams.adapters.tabular.mapping.answers import answered_result, read_answers
from streams.adapters.tabular.mapping.document import TableMapping
from streams.adapters.tabular.mapping.line import Flaw, Line
from streams.adapters.tabular.mapping.making.all import Makes, Shelf, makers
from streams.adapters.tabular.mapping.making.microbiology import (
    Answers,
)
from streams.adapters.tabular.mapping.setting import ReadRow, Setting
from streams.adapters.tabular.mapping.stamping import Binding
from streams.adapters.tabular.mapping.wide import wide_reader
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Event


class TableFile:
    """One file of a table."""

    def __init__(
        self, setting: Setting, table: TableMapping, binding: Binding, path: Path
    ) -> None:
        self._setting = setting
        self._table = table
        self._told = str(path.relative_to(setting.folder))
        self._sheet = binding.sheet
        self._width = len(binding.sheet.at)
        self._header = binding.sheet.at
        self._counts = setting.report.table(table.table)
        self._patient = binding.sheet.said(table.patient)
        self._isolate = None
        answers = self._answers = None
        if (told := answered_result(table)) is not None:
            self._isolate = binding.sheet.whole(told[0].isolate)
            answers = self._answers = Answers(read_answers(setting, told[1]))
        shelf = Shelf(
            codes=setting.codes,
            results=setting.results,
            pharmacy=setting.pharmacy,
            wards=setting.site.wards,
            answers=answers,
        )
        each = binding.ordinals is not None
        self._reads = [
            _Reading(make, cells, each=each)
            for make, cells in makers(table.facts, binding, shelf)
        ]
        self._wide = (
            wide_reader(table, binding, setting.results) if table.columns else None
        )
        self._named: tuple[str, str] = ("", "")
        self._flaws: list[Flaw] = []
        """Of the row that is read, where somebody hears of it."""

    def never_used(self) -> list[str]:
        """The columns nobody asked for."""
        return self._sheet.never_used()

    def read(self, stream: Iterator[Record]) -> Iterator[SourcedEvent]:
        """The events of its rows."""
        if self._isolate is not None:
            isolate = self._isolate
            stream = externally_sorted(
                (r for r in stream if self._whole(*r)),
                lambda record: isolate(Line(record[1])),  # type: ignore[arg-type]  # whole rows alone
            )
        source, handed_on = self._table.table, self._counts.note
        heard = self._setting.heard
        for number, cells in stream:
            if not self._whole(number, cells):
                self._tell_refused(number, cells)
                continue
            line = Line(cells)  # type: ignore[arg-type]  # whole
            if not self._is_wanted(number, line):
                self._tell_refused(number, cells)
                continue
            events: Iterable[Event] = self._events(number, line)
            if heard is not None:
                events = tuple(events)
                heard(self._row(number, line, events))
            for event in events:
                handed_on(event)
                yield SourcedEvent(line.patient, source, event)
        self._tell_unclaimed()

    def _row(self, number: int, line: Line, events: tuple[Event, ...] = ()) -> ReadRow:
        """What is told of a row to who checks a sample."""
        flaws, self._flaws = tuple(self._flaws), []
        content = "\x1f".join((self._named[0], *line.cells))
        return ReadRow(
            table=self._table.table,
            place=self._place(),
            number=number,
            content=content.encode("utf-8", "surrogatepass"),
            patient=line.patient,
            events=events,
            flaws=flaws,
            unmapped=tuple(line.unmapped),
            units=tuple(line.units),
        )

    def _tell_refused(self, number: int, cells: list[str] | csv.Error) -> None:
        if self._setting.heard is not None and self._flaws:
            line = Line([] if isinstance(cells, csv.Error) else cells)
            self._setting.heard(self._row(number, line))

    def _tell_unclaimed(self) -> None:
        """Count the susceptibilities of which no culture tells the organism."""
        told = answered_result(self._table)
        if self._answers is None or told is None or self._setting.wanted is not None:
            return
        counts = self._setting.report.table(told[1].files[0])
        for _ in range(self._answers.finish()):
            counts.leave_unmapped("of an isolate in no culture")

    def _whole(self, number: int, cells: list[str] | csv.Error) -> bool:
        """Whether a record is a row of the table; it is rejected where it is not."""
        if isinstance(cells, csv.Error):
            self._refuse(number, "The row cannot be read.")
            return False
        if len(cells) != self._width:
            if cells:
                self._refuse(
                    number,
                    f"The row has {len(cells)} cells where the header has "
                    f"{self._width}.",
                )
            return False
        if not _is_text(cells):
            self._refuse(number, "The row holds bytes that are not UTF-8 text.")
            return False
        return True

    def _refuse(self, number: int, reason: str) -> None:
        """Reject what is no row; nobody knows whose it is."""
        if self._setting.wanted is not None:
            return
        self._named = ("", "")
        self._counts.read += 1
        cure = "Look for a stray delimiter or quote; write the file in UTF-8."
        self._reject(number, Flaw(ErrorCode.MALFORMED_ROW, None, reason, cure))

    def _is_wanted(self, number: int, line: Line) -> bool:
        """Name the patient; whether the row is of one asked for."""
        setting = self._setting
        told = self._patient(line)
        if told != self._named[0]:
            name = setting.names.name("patient", told) if told else ""
            self._named = (told, name)
            if told and setting.sighted is not None:
                whose = Identifier(setting.authority, told)
                setting.sighted(Sighting(name, setting.key_version, whose))
        line.patient = self._named[1]
        wanted = setting.wanted
        if wanted is not None:
            if told not in wanted and line.patient not in wanted:
                return False
            setting.seen.update((told, line.patient))
        self._counts.read += 1
        if not told:
            line.reject(
                ErrorCode.MISSING_VALUE,
                None,
                "Nothing says whose the row is.",
                "Rows without a patient are never used.",
            )
            self._reject(number, line.flaw)
            return False
        return True

    def _events(self, number: int, line: Line) -> Iterator[Event]:
        given = 0
        line.flaw = None
        if self._wide is not None:
            for event, flaw in self._wide(line):
                if flaw is not None:
                    self._reject(number, flaw)
                elif event is not None:
                    given += 1
                    yield event
        for reading in self._reads:
            if reading.is_old(line):
                continue
            line.flaw = None
            events = tuple(reading.make(line))
            if line.flaw is not None:
                self._reject(number, line.flaw)
                continue
            given += len(events)
            yield from events
        self._counts.mapped += max(given, 1)
        for code, *_ in line.unmapped:
            self._counts.leave_unmapped(code)

    def _reject(self, number: int, flaw: Flaw | None) -> None:
        if flaw is None:
            return
        table = self._table.table
        if self._setting.heard is not None:
            self._flaws.append(flaw)
        self._setting.report.reject(
            table,
            Rejection(
                file=self._place(),
                line=number,
                column=flaw.column,
                code=flaw.code,
                reason=flaw.reason,
                cure=flaw.cure,
            ),
        )

    def _place(self) -> str:
        """The file, or whose it is where files are named after patients."""
        table, whose = self._table.table, self._named[1]
        hidden = f"{table} of {whose}" if whose else table
        return self._told if self._setting.files_told else hidden


class _Reading:
    """One fact of every row.

    What is read from the same cells as in the row before says nothing new: what a
    wide table tells of a whole stay stands in each of its rows.
    """

    __slots__ = ("_cells", "_each", "_last", "make")

    def __init__(self, make: Makes, cells: tuple[int, ...], *, each: bool) -> None:
        self.make = make
        self._cells = itemgetter(*cells) if cells else len
        self._each = each
        self._last: object = None

    def is_old(self, line: Line) -> bool:
        """Whether the row before said the same; never where each row counts."""
        if self._each:
            return False
        told = (line.patient, self._cells(line.cells))
        if told == self._last:
            return True
        self._last = told
        return False


def _is_text(cells: list[str]) -> bool:
    """Whether no cell holds a NUL or a byte smuggled in as a lone surrogate."""
    whole = "".join(cells)
    if whole.isascii():
        return "\0" not in whole
    return "\0" not in whole and not any("\ud800" <= s <= "\udfff" for s in whole)
