"""A table's files one after another: each opened under its own header, or left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from streams.adapters.intake import Rejection, SourcedEvent
from streams.adapters.tabular.files import Record
from streams.adapters.tabular.mapping.document import TableMapping
from streams.adapters.tabular.mapping.line import Flaw
from streams.adapters.tabular.mapping.phrases import Cell
from streams.adapters.tabular.mapping.setting import ReadRow, Setting
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.adapters.tabular.mapping.stamping import Binding, Ordinals
from streams.adapters.tabular.mapping.table import TableFile
from streams.adapters.tabular.opening import found_files, opened_table, stem
from streams.vocabulary.errors import ErrorCode, InputError


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
                _file(setting, table, stream)
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


def _file(setting: Setting, table: TableMapping, stream: Iterator[Record]) -> None:
    """Count rows that nobody reads."""
    counts = setting.report.table(table.table)
    for number, _ in stream:
        counts.read += 1
        counts.filed_unread += 1
        if setting.heard is not None:
            row = ReadRow(
                table=table.table,
                place=table.table,
                number=number,
                content=b"",
                filed=True,
            )
            setting.heard(row)


_EMPTY = InputError(
    ErrorCode.MISSING_COLUMN, "The file is empty.", "Copy or write the file again."
)


def _opened(
    setting: Setting,
    table: TableMapping,
    path: Path,
    header: list[str],
    ordinals: Ordinals | None,
) -> TableFile:
    """Raises `InputError` EMB-102 for a missing column."""
    sheet = _sheet(setting, table, path, header)
    binding = Binding(
        table=table,
        sheet=sheet,
        names=setting.names,
        source=setting.source,
        ordinals=ordinals,
    )
    return TableFile(setting, table, binding, path)


def _may_tell_of_them(setting: Setting, table: TableMapping, path: Path) -> bool:
    """Whether a file may hold patients asked for: its name may say that it does not."""
    wanted = setting.wanted
    if wanted is None or not _named_after_patient(table):
        return True
    told = stem(path)
    return told in wanted or setting.names.name("patient", told) in wanted


def _named_after_patient(table: TableMapping) -> bool:
    whose = table.patient
    if not isinstance(whose, Cell) or whose.through or whose.words:
        return False
    return whose.file_name


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
    reason = f"{fault.problem} The file is left out."
    if setting.heard is not None:
        flaw = Flaw(fault.code, None, reason, fault.cure)
        row = ReadRow(
            table=table.table, place=place, number=1, content=b"", flaws=(flaw,)
        )
        setting.heard(row)
    setting.report.reject(
        table.table,
        Rejection(
            file=place,
            line=1,
            column=None,
            code=fault.code,
            reason=reason,
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
