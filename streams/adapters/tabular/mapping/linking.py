"""The columns one table looks up in another, read once, each file in one pass."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.adapters.tabular.mapping.document import Link
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.lookup import Lookup
from streams.adapters.tabular.mapping.phrases import Cell
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.adapters.tabular.opening import found_files, opened_table
from streams.vocabulary.errors import ErrorCode, InputError


Puts = Callable[[Line], None]


def read_links(
    folder: Path, links: Mapping[str, Link], *, missing: tuple[str, ...]
) -> dict[str, Lookup]:
    """The links by name; empty values give way to any other.

    Raises `InputError` EMB-101 where a file is not there, EMB-102 for a column.
    """
    found = {name: Lookup(link.keep) for name, link in links.items()}
    of_files: dict[Path, list[str]] = {}
    for name, link in links.items():
        for path in _files(folder, link):
            of_files.setdefault(path, []).append(name)
    for path, names in of_files.items():
        _read(path, [(links[name], found[name]) for name in names], missing)
    for lookup in found.values():
        lookup.settle()
    return found


def _files(folder: Path, link: Link) -> list[Path]:
    tables = _tables(link)
    files = found_files(folder, tables)
    if not files and not link.optional:
        raise InputError(
            ErrorCode.MISSING_TABLE,
            f"There is no table {tables[0]} in the folder.",
            "Point to the folder that holds it, or correct the mapping's link.",
        )
    return files


def _tables(link: Link) -> tuple[str, ...]:
    return link.table if isinstance(link.table, tuple) else (link.table,)


def _read(
    path: Path, links: list[tuple[Link, Lookup]], missing: tuple[str, ...]
) -> None:
    """One file, for all links that look something up in it."""
    with opened_table(path) as (header, stream):
        puts = [_putting(header, link, lookup, missing) for link, lookup in links]
        for _, cells in stream:
            if isinstance(cells, csv.Error) or len(cells) != len(header):
                continue
            line = Line(cells)
            for put in puts:
                put(line)


def _putting(
    header: list[str], link: Link, lookup: Lookup, missing: tuple[str, ...]
) -> Puts:
    sheet = Sheet(
        header,
        name=_tables(link)[0],
        file_name="",
        may_lack=(),
        missing=missing,
        zone=ZoneInfo("UTC"),
        links={},
    )
    key, holds = sheet.raw(link.key), sheet.holds(link.when)
    columns = link.value if isinstance(link.value, tuple) else (link.value,)
    value = sheet.said(tuple(Cell(column=column) for column in columns))

    def put(line: Line) -> None:
        if (holds is None or holds(line)) and (name := key(line)):
            lookup.put(name, value(line))

    return put
