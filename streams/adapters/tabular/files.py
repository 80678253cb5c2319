"""Opening a table's file: plain or gzipped CSV, wherever the site put it."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from streams.vocabulary.errors import ErrorCode, InputError


Record = tuple[int, list[str] | csv.Error]
"""The line a record begins on, and its cells, or why it cannot be read."""

_ENDINGS = (".csv", ".csv.gz")


def find_table(folder: Path, name: str) -> Path | None:
    """The file of a table (`icu/chartevents`); None where there is none."""
    candidates = (folder / f"{name}{ending}" for ending in _ENDINGS)
    return next((path for path in candidates if path.is_file()), None)


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file's text; bytes that are not UTF-8 come as lone surrogates.

    Raises `InputError` EMB-113, naming the file, where it cannot be read (to the end).
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as binary:
            yield TextIOWrapper(
                binary,
                encoding="utf-8-sig",
                errors="surrogateescape",
                newline="",
            )
    except (OSError, EOFError, zlib.error) as fault:
        raise InputError(
            ErrorCode.UNREADABLE_FILE,
            f"{path} cannot be read to its end: {fault}.",
            "Copy or download the file again.",
        ) from None


def records(text: TextIO, delimiter: str = ",") -> Iterator[Record]:
    """Each record with the line it begins on; an error stands for a broken one.

    After a broken record (an unclosed quote, say) the reader finds its feet again.
    """
    reader = csv.reader(text, delimiter=delimiter)
    line = 1
    while True:
        try:
            for cells in reader:
                yield line, cells
                line = reader.line_num + 1
        except csv.Error as fault:
            yield line, fault
            line = reader.line_num + 1
        else:
            return
