"""Any file a mapping may name, as a header and rows of text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from streams.adapters.tabular.files import Record, opened, records
from streams.vocabulary.errors import ErrorCode, InputError


_DELIMITERS = {".csv": ",", ".psv": "|", ".tsv": "\t", ".txt": "\t"}
_TEXTS = tuple(f"{end}{gz}" for end in _DELIMITERS for gz in ("", ".gz"))
ENDINGS = (*_TEXTS, ".parquet")


def found_files(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """The files of a table: the first name that is there, or all of a pattern."""
    for name in names:
        if any(sign in name for sign in "*?["):
            files = sorted(f for f in folder.glob(name) if _is_table(f))
        else:
            whole = (folder / name,) if name.endswith(ENDINGS) else ()
            paths = (*whole, *(folder / f"{name}{end}" for end in ENDINGS))
            files = [path for path in paths if path.is_file()][:1]
        if files:
            return files
    return []


def _is_table(path: Path) -> bool:
    """By its name; what begins with a dot is a system's own (`._p000001.psv`)."""
    return path.name.endswith(ENDINGS) and not path.name.startswith(".")


def stem(path: Path) -> str:
    """The file's name without its endings: `p000001` of `p000001.psv.gz`."""
    ending = next((end for end in ENDINGS if path.name.endswith(end)), "")
    return path.name.removesuffix(ending)


@contextmanager
def opened_table(
    path: Path, delimiter: str = ""
) -> Iterator[tuple[list[str], Iterator[Record]]]:
    """The header and the rows of a file.

    Raises `InputError` EMB-113 where it cannot be read (to the end), EMB-142 for
    Parquet without what reads it.
    """
    if path.name.endswith(".parquet"):
        with _parquet(path) as table:
            yield table
        return
    with opened(path) as text:
        stream = records(text, delimiter or _delimiter(path, text))
        _, first = next(stream, (1, []))
        yield ([] if isinstance(first, csv.Error) else first), stream


def _delimiter(path: Path, text: TextIO) -> str:
    """By the ending; a header without a comma may be apart by tabs or semicolons.

    OHDSI's own vocabulary files end in `.csv` and are apart by tabs.
    """
    usual = _DELIMITERS.get(path.name.removesuffix(".gz")[-4:], ",")
    header = text.readline()
    text.seek(0)
    if usual in header:
        return usual
    return next((sign for sign in ("\t", ";") if sign in header), usual)


@contextmanager
def _parquet(path: Path) -> Iterator[tuple[list[str], Iterator[Record]]]:
    try:
        from streams.adapters.tabular import parquet  # noqa: PLC0415  # late: polars is an extra, and 180 MB
    except ImportError:
        raise InputError(
            ErrorCode.EXTRA_MISSING,
            f"{path.name} is Parquet, and polars is not installed.",
            "Install ember-registry[batch], or write the table as CSV.",
        ) from None
    with parquet.opened_parquet(path) as table:
        yield table
