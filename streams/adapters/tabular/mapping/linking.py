"""The columns one table looks up in another, read once and kept."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from streams.adapters.tabular.mapping.document import Link
from streams.adapters.tabular.mapping.line import Line
from streams.adapters.tabular.mapping.phrases import Cell
from streams.adapters.tabular.mapping.sheet import Sheet
from streams.adapters.tabular.opening import found_files, opened_table
from streams.vocabulary.errors import ErrorCode, InputError


def read_links(
    folder: Path, links: Mapping[str, Link], *, missing: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    """The links by name; empty values give way to any other.

    Raises `InputError` EMB-101 where a file is not there, EMB-102 for a column.
    """
    found: dict[str, dict[str, str]] = {}
    words: dict[str, str] = {}
    for name, link in links.items():
        found[name] = _read(folder, link, missing, words)
    return found


def _read(
    folder: Path, link: Link, missing: tuple[str, ...], words: dict[str, str]
) -> dict[str, str]:
    """One link; equal values are kept once."""
    tables = link.table if isinstance(link.table, tuple) else (link.table,)
    better = max if link.keep == "greatest" else min
    files = found_files(folder, tables)
    if not files and not link.optional:
        raise InputError(
            ErrorCode.MISSING_TABLE,
            f"There is no table {tables[0]} in the folder.",
            "Point to the folder that holds it, or correct the mapping's link.",
        )
    kept: dict[str, str] = {}
    for path in files:
        with opened_table(path) as (header, stream):
            sheet = Sheet(
                header,
                name=tables[0],
                file_name="",
                may_lack=(),
                missing=missing,
                zone=ZoneInfo("UTC"),
                links={},
            )
            key, holds = sheet.raw(link.key), sheet.holds(link.when)
            columns = link.value if isinstance(link.value, tuple) else (link.value,)
            value = sheet.said(tuple(Cell(column=column) for column in columns))
            for _, cells in stream:
                if isinstance(cells, csv.Error) or len(cells) != len(header):
                    continue
                line = Line(cells)
                if (holds is None or holds(line)) and (name := key(line)):
                    told = value(line)
                    told = words.setdefault(told, told)
                    if told:
                        kept[name] = better(kept.get(name) or told, told)
                    else:
                        kept.setdefault(name, told)
    return kept
