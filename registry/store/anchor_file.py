"""Anchors in a file that only grows: one line each, on the disk before it counts."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from registry.domain.anchor import Anchor, anchor_line, read_anchor_line
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


_OWNER_WRITES = 0o640


def read_anchors(path: Path) -> tuple[Anchor, ...]:
    """All anchors of a file, in order.

    Raises `SettingsError` EMB-403 where it cannot be read, `InputError` EMB-113 for a
    line that is no anchor: to leave it out would be to forget what it remembered.
    """
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            ErrorCode.UNREADABLE_FILE, f"{path} holds no anchors: it is no UTF-8."
        ) from None
    except OSError as fault:
        raise _unreachable(path, fault) from None
    return tuple(_read(path, text))


def append_anchor(path: Path, anchor: Anchor) -> None:
    """Write one line and wait until the disk has it; makes the file where there is none.

    Writers wait for each other. Raises `SettingsError` EMB-403 where nothing can be
    written; what was written of a line then makes the file unreadable, and is told.
    """
    line = f"{anchor_line(anchor)}\n".encode()
    is_new = not path.exists()
    try:
        with _held(path) as file:
            _write_whole(file, line)
            os.fsync(file)
        if is_new:
            _sync_folder(path.absolute().parent)
    except OSError as fault:
        raise _unreachable(path, fault) from None


def _read(path: Path, text: str) -> Iterator[Anchor]:
    *lines, rest = text.split("\n")
    for number, line in enumerate(lines, 1):
        try:
            yield read_anchor_line(line)
        except ValueError as fault:
            raise _unreadable(path, number, str(fault)) from None
    if rest:
        raise _unreadable(path, len(lines) + 1, "it was cut off while it was written")


@contextmanager
def _held(path: Path) -> Iterator[int]:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    file = os.open(path, flags, _OWNER_WRITES)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file
    finally:
        os.close(file)


def _write_whole(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def _sync_folder(folder: Path) -> None:
    """Without it a new file's name may be lost with the power."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _unreachable(path: Path, fault: OSError) -> SettingsError:
    return SettingsError(
        ErrorCode.PATH_NOT_FOUND,
        f"The anchors {path} cannot be reached ({fault.strerror}).",
        "Name a file on another machine's disk that this one may read and add to.",
    )


def _unreadable(path: Path, number: int, why: str) -> InputError:
    return InputError(
        ErrorCode.UNREADABLE_FILE,
        f"Line {number} of {path} is no anchor: {why}.",
        "Find out who wrote it; see deploy/docs/audit.md.",
    )
