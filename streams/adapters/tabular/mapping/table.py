"""One table under its mapping: rows in, events out, and an account of each row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
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
    Susceptibilities,
    _Fact,
)
from streams.adapters.tabular.mapping.line import Flaw, Line, Stamp
from streams.adapters.tabular.mapping.making.all import makers
from streams.adapters.tabular.mapping.making.microbiology import (
    Answer,
    Answers,
    answering,
)
from streams.adapters.tabular.mapping.making.results import Results, wide_result
from streams.adapters.tabular.mapping.making.treatment import Pharmacy
from streams.adapters.tabular.mapping.sheet import Links, Sheet
from streams.adapters.tabular.mapping.stamping import Binding, Names, Ordinals
from streams.adapters.tabular.opening import found_files, opened_table, stem
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Event


Sighted = Callable[[Sighting], None]
Reads = Callable[[Line], Iterator[Event]]


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
    counts = setting.report.table(table.table)
    for path in found_files(setting.folder, table.files or (table.table,)):
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
            yield from _File(setting, table, binding, path).read(stream)
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
        answers = None
        if (told := _susceptibilities(table)) is not None:
            self._isolate = binding.sheet.whole(told[0].isolate)
            answers = Answers(_answers(setting, told[1]))
        self._reads: list[Reads] = [
            *makers(
                table.facts,
                binding,
                codes=setting.codes,
                results=setting.results,
                pharmacy=setting.pharmacy,
                wards=setting.site.wards,
                answers=answers,
            ),
        ]
        self._wide = _wide(table, binding, setting.results) if table.columns else None
        self._last: dict[str, Event] = {}
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
        for read in self._reads:
            line.flaw = None
            events = tuple(read(line))
            if line.flaw is not None:
                self._reject(number, line.flaw)
                continue
            for event in events:
                given += 1
                if self._is_new(event):
                    yield event
        self._counts.mapped += max(given, 1)
        for code in line.unmapped:
            self._counts.leave_unmapped(code)

    def _is_new(self, event: Event) -> bool:
        """Whether it says more than the last of its kind: a constant of a wide table
        stands in every row.
        """
        if self._last.get(event.kind) == event:
            return False
        self._last[event.kind] = event
        return True

    def _reject(self, number: int, flaw: Flaw | None) -> None:
        if flaw is None:
            return
        table = self._table.table
        told = self._setting.files_told
        self._setting.report.reject(
            table,
            Rejection(
                file=self._path.name if told else f"{table} of {self._named[1]}",
                line=number,
                column=flaw.column,
                code=flaw.code,
                reason=flaw.reason,
                cure=flaw.cure,
            ),
        )


def _wide(
    table: TableMapping, binding: Binding, results: Results
) -> Callable[[Line], Iterator[tuple[Event | None, Flaw | None]]]:
    """The columns of a wide table, each with what is wrong with it alone."""
    shared = _Fact()
    at, stamps = binding.at(shared), binding.stamps(shared)
    event_id = binding.event_id(shared)
    makes = [
        wide_result(column, wide, binding, results)
        for column, wide in table.columns.items()
        if wide != "ignored" and binding.sheet.column(column) is not None
    ]

    def read(line: Line) -> Iterator[tuple[Event | None, Flaw | None]]:
        stamp: Stamp = stamps(line, at(line))
        if line.flaw is not None:
            yield None, line.flaw
            return
        if binding.ordinals is None:
            name = _row_name(binding, line, stamp.happened, event_id)
        else:
            name = partial(_plain, event_id, stamp.happened)
        for make in makes:
            line.flaw = None
            event = make(line, stamp, name)
            if event is not None or line.flaw is not None:
                yield event, line.flaw

    return read


def _plain(
    event_id: Callable[[Line, datetime, str, str], str],
    moment: datetime,
    line: Line,
    key: str,
    value: str,
) -> str:
    return event_id(line, moment, key, value)


def _row_name(
    binding: Binding,
    line: Line,
    moment: datetime,
    event_id: Callable[[Line, datetime, str, str], str],
) -> Callable[[Line, str, str], str]:
    """How facts of this row are named; what the row shares is put together once."""
    stem_of = event_id(line, moment, "", "")
    by_row = binding.table.id is not None
    if by_row:
        return lambda _, key, value: f"{stem_of}{key}"  # noqa: ARG005
    return lambda _, key, value: f"{stem_of}{key}:{value}" if value else stem_of + key


def _is_text(cells: list[str]) -> bool:
    """Whether no cell holds a NUL or a byte smuggled in as a lone surrogate."""
    whole = "".join(cells)
    if whole.isascii():
        return "\0" not in whole
    return "\0" not in whole and not any("\ud800" <= s <= "\udfff" for s in whole)


def _susceptibilities(
    table: TableMapping,
) -> tuple[CultureResultFact, Susceptibilities] | None:
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
            for _, cells in stream:
                counts.read += 1
                if isinstance(cells, csv.Error) or len(cells) != len(header):
                    continue
                counts.mapped += 1
                yield read(Line(cells))
