"""One table under its mapping: rows in, events out, and an account of each row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
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
from streams.adapters.tabular.mapping.phrases import Cell
from streams.adapters.tabular.mapping.setting import Setting
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.adapters.tabular.mapping.stamping import Binding, Ordinals
from streams.adapters.tabular.mapping.wide import wide_reader
from streams.adapters.tabular.opening import found_files, opened_table, stem
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.events import Event


def read_table(setting: Setting, table: TableMapping) -> Iterator[SourcedEvent]:
    """The events of a table's files, in their order.

    Of several files, one that lacks a column is left out and told.
    Raises `InputError` EMB-102 for a column that the only file lacks, EMB-109,
    EMB-113, EMB-141.
    """
    ordinals = Ordinals() if table.duplicates == "each" else None
    files = found_files(setting.folder, table.files or (table.table,))
    if not files:
        return
    counts = setting.report.table(table.table)
    told: set[str] = set()
    for number, path in enumerate(files, start=1):
        setting.report.place = table.table, number, len(files)
        if not _may_tell_of_them(setting, table, path):
            continue
        with opened_table(path, table.delimiter) as (header, stream):
            if table.filed:
                for _ in stream:
                    counts.read += 1
                    counts.filed_unread += 1
                continue
            try:
                file = _opened(setting, table, path, header, ordinals)
            except InputError as fault:
                if fault.code is not ErrorCode.MISSING_COLUMN or len(files) == 1:
                    raise
                _put_aside(setting, table, path, fault if header else _EMPTY)
                continue
            for column in file.never_used() if table.columns else ():
                if column not in table.columns and column not in told:
                    told.add(column)
                    counts.leave_unmapped(f"column {column}, not in the mapping")
            yield from file.read(stream)
    setting.report.finish(table.table)


_EMPTY = InputError(
    ErrorCode.MISSING_COLUMN, "The file is empty.", "Copy or write the file again."
)


def _opened(
    setting: Setting,
    table: TableMapping,
    path: Path,
    header: list[str],
    ordinals: Ordinals | None,
) -> _File:
    """Raises `InputError` EMB-102 for a missing column."""
    sheet = _sheet(setting, table, path, header)
    binding = Binding(
        table=table,
        sheet=sheet,
        names=setting.names,
        source=setting.source,
        ordinals=ordinals,
    )
    return _File(setting, table, binding, path)


def _may_tell_of_them(setting: Setting, table: TableMapping, path: Path) -> bool:
    """Whether a file may hold patients asked for: its name may say that it does not."""
    wanted = setting.wanted
    if wanted is None or not _named_after_patient(table):
        return True
    told = stem(path)
    return told in wanted or setting.names.name("patient", told) in wanted


def _named_after_patient(table: TableMapping) -> bool:
    whose = table.patient
    return isinstance(whose, Cell) and whose.file_name and not whose.through


def _put_aside(
    setting: Setting, table: TableMapping, path: Path, fault: InputError
) -> None:
    """Reject a whole file of many: the others are read on."""
    setting.report.table(table.table).read += 1
    if setting.files_told:
        place = str(path.relative_to(setting.folder))
    elif _named_after_patient(table):
        place = f"{table.table} of {setting.names.name('patient', stem(path))}"
    else:
        place = table.table
    setting.report.reject(
        table.table,
        Rejection(
            file=place,
            line=1,
            column=None,
            code=fault.code,
            reason=f"{fault.problem} The file is left out.",
            cure=fault.cure,
        ),
    )


def _sheet(
    setting: Setting, table: TableMapping, path: Path, header: list[str]
) -> Sheet:
    return Sheet(
        header,
        name=table.table,
        file_name=stem(path),
        may_lack=table.may_lack,
        missing=(*setting.missing, *table.missing),
        zone=setting.site.time_zone,
        links=setting.links,
    )


class _File:
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
        for number, cells in stream:
            if not self._whole(number, cells):
                continue
            line = Line(cells)  # type: ignore[arg-type]  # whole
            if not self._is_wanted(number, line):
                continue
            for event in self._events(number, line):
                handed_on(event)
                yield SourcedEvent(line.patient, source, event)
        self._tell_unclaimed()

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
        for code in line.unmapped:
            self._counts.leave_unmapped(code)

    def _reject(self, number: int, flaw: Flaw | None) -> None:
        if flaw is None:
            return
        table = self._table.table
        whose = self._named[1]
        hidden = f"{table} of {whose}" if whose else table
        self._setting.report.reject(
            table,
            Rejection(
                file=self._told if self._setting.files_told else hidden,
                line=number,
                column=flaw.column,
                code=flaw.code,
                reason=flaw.reason,
                cure=flaw.cure,
            ),
        )


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
