"""Files that are there only once they are whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from streams.vocabulary.errors import ErrorCode, SettingsError


@contextmanager
def writing(path: Path) -> Iterator[TextIO]:
    """A file that is there only once it is whole; a failure leaves the old one.

    Raises `SettingsError` EMB-403 where it cannot be written.
    """
    with (
        writing_bytes(path) as file,
        TextIOWrapper(file, "utf-8", newline="") as out,
    ):
        yield out


@contextmanager
def writing_bytes(path: Path) -> Iterator[BinaryIO]:
    """The same for bytes."""
    if path.is_dir():
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} is a folder.",
            "Name a file in it.",
        )
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        out = unfinished.open("wb")
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"{path} cannot be written ({fault.strerror}).",
            "Name a file in a folder that exists.",
        ) from None
    try:
        with out:
            yield out
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
