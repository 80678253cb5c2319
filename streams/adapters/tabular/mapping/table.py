"""One table under its mapping: rows in, events out, and an account of each row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from pathlib import Path

from streams.adapters.identity.pseudonyms import Identifier, Sighting
from streams.adapters.intake import IntakeReport, Rejection, SourcedEvent
from streams.adapters.site.codes import CodeMap
from streams.adapters.site.configuration import SiteConfiguration
from streams.adapters.spill import externally_sorted
from streams.adapters.tabular.files import Record
from streams.adapters.tabular.mapping.document import TableMapping
from streams.adapters.tabular.mapping.facts import (
    CultureResultFact,
    Shared,
    Susceptibilities,
)
from streams.adapters.tabular.mapping.line import Flaw, Line
from streams.adapters.tabular.mapping.making.all import Makes, Shelf, makers
from streams.adapters.tabular.mapping.making.drugs import Pharmacy
from streams.adapters.tabular.mapping.making.microbiology import (
    Answer,
    Answers,
    answering,
)
from streams.adapters.tabular.mapping.making.results import Results, wide_result
from streams.adapters.tabular.mapping.sheet import Links, Sheet
from streams.adapters.tabular.mapping.stamping import Binding, Names, Naming, Ordinals
from streams.adapters.tabular.opening import found_files, opened_table, stem
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Event


Sighted = Callable[[Sighting], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all tables of one reading share."""

    folder: Path
    source: str
    site: SiteConfiguration
    authority: str
    names: Names
    key_version: int
    codes: CodeMap
    results: Results
    pharmacy: Pharmacy
    links: Links
    missing: tuple[str, ...]
    report: IntakeReport
    wanted: Collection[str] | None
    """Patients by identifier or by name; None for all."""
    sighted: Sighted | None
    files_told: bool
    """Whether a file's name may be told: not where it is a patient's identifier."""
    seen: set[str] = field(default_factory=set)
    """Identifiers of the patients asked for that were met."""


def read_table(setting: Setting, table: TableMapping) -> Iterator[SourcedEvent]:
    """The events of a table's files, in their order.

    Raises `InputError` EMB-102 for a missing column, EMB-109, EMB-113, EMB-141.
    """
    ordinals = Ordinals() if table.duplicates == "each" else None
    files = found_files(setting.folder, table.files or (table.table,))
    if not files:
        return
    counts = setting.report.table(table.table)
    told: set[str] = set()
    for path in files:
        with opened_table(path, table.delimiter) as (header, stream):
            if table.filed:
                for _ in stream:
                    counts.read += 1
                    counts.filed_unread += 1
                continue
            sheet = _sheet(setting, table, path, header)
            binding = Binding(
                table=table,
                sheet=sheet,
                names=setting.names,
                source=setting.source,
                ordinals=ordinals,
            )
            file = _File(setting, table, binding, path)
            for column in sheet.never_used() if table.columns else ():
                if column not in table.columns and column not in told:
                    told.add(column)
                    counts.leave_unmapped(f"column {column}, not in the mapping")
            yield from file.read(stream)
    setting.report.finish(table.table)


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
        self._path = path
        self._width = len(binding.sheet.at)
        self._header = binding.sheet.at
        self._counts = setting.report.table(table.table)
        self._patient = binding.sheet.said(table.patient)
        self._isolate = None
        answers = self._answers = None
        if (told := _susceptibilities(table)) is not None:
            self._isolate = binding.sheet.whole(told[0].isolate)
            answers = self._answers = Answers(_answers(setting, told[1]))
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
        self._wide = _wide(table, binding, setting.results) if table.columns else None
        self._named: tuple[str, str] = ("", "")

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
        told = _susceptibilities(self._table)
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
                file=self._path.name if self._setting.files_told else hidden,
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


def _wide(
    table: TableMapping, binding: Binding, results: Results
) -> Callable[[Line], Iterator[tuple[Event | None, Flaw | None]]]:
    """The columns of a wide table, each with what is wrong with it alone."""
    shared, sheet = Shared(), binding.sheet
    at, stamps = binding.at(shared), binding.stamps(shared)
    event_id = binding.event_id(shared)
    makes = [
        (
            place,
            sheet.nothing(wide.missing),
            wide_result(name, wide, binding.source, results),
        )
        for name, wide in table.columns.items()
        if wide != "ignored" and (place := sheet.column(name)) is not None
    ]

    def read(line: Line) -> Iterator[tuple[Event | None, Flaw | None]]:
        stamp = stamps(line, at(line))
        if line.flaw is not None:
            yield None, line.flaw
            return
        name = _row_name(binding, line, stamp.happened, event_id)
        cells = line.cells
        for place, nothing, make in makes:
            if cells[place] in nothing or (text := cells[place].strip()) in nothing:
                continue
            line.flaw = None
            event = make(line, text, stamp, name)
            yield event, line.flaw

    return read


def _row_name(
    binding: Binding, line: Line, moment: datetime, event_id: Naming
) -> Callable[[str, str], str]:
    """How facts of this row are named; what the row shares is put together once."""
    if binding.ordinals is not None:
        return lambda key, value: event_id(line, moment, key, value)
    whole = event_id(line, moment, "")
    if binding.table.id is not None:
        return lambda key, _: whole + key
    return lambda key, value: f"{whole}{key}:{value}" if value else whole + key


def _is_text(cells: list[str]) -> bool:
    """Whether no cell holds a NUL or a byte smuggled in as a lone surrogate."""
    whole = "".join(cells)
    if whole.isascii():
        return "\0" not in whole
    return "\0" not in whole and not any("\ud800" <= s <= "\udfff" for s in whole)


def _susceptibilities(
    table: TableMapping,
) -> tuple[CultureResultFact, Susceptibilities] | None:
    """The result that has answers, and the table they stand in."""
    for fact in table.facts:
        if isinstance(fact, CultureResultFact) and fact.susceptibilities is not None:
            return fact, fact.susceptibilities
    return None


def _answers(setting: Setting, told: Susceptibilities) -> Iterator[Answer]:
    """The rows of the table of susceptibilities, counted under its name."""
    name = told.files[0]
    counts = setting.report.table(name)
    for path in found_files(setting.folder, told.files):
        with opened_table(path) as (header, stream):
            sheet = Sheet(
                header,
                name=name,
                file_name="",
                may_lack=(),
                missing=setting.missing,
                zone=setting.site.time_zone,
                links=setting.links,
            )
            read = answering(told, sheet)
            for number, cells in stream:
                counts.read += 1
                if isinstance(cells, csv.Error) or len(cells) != len(header):
                    setting.report.reject(
                        name,
                        Rejection(
                            file=name,
                            line=number,
                            column=None,
                            code=ErrorCode.MALFORMED_ROW,
                            reason="The row cannot be read, or has other cells than "
                            "the header.",
                        ),
                    )
                    continue
                counts.mapped += 1
                yield read(Line(cells))
