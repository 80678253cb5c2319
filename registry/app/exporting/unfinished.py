"""What an export that was killed left behind: rows on disk that nobody looks after.

While one exports, it holds the folder; the kernel lets go of it for whoever dies.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from registry.domain.extracts import Extract


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Take the leftovers away where nobody else exports to this folder now.

    Others may export to it at the same time; then what lies there may be theirs, and
    stays for the next. So it does where the file system knows no locks, the folder
    cannot be looked into, or the leftover is another user's.
    """
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        yield
        return
    try:
        if _locked(place, fcntl.LOCK_EX | fcntl.LOCK_NB):
            _take_away(folder)
        _locked(place, fcntl.LOCK_SH)
        yield
    finally:
        os.close(place)


def _locked(place: int, how: int) -> bool:
    try:
        fcntl.flock(place, how)
    except OSError:
        return False
    return True


def _take_away(folder: Path) -> None:
    for one in sorted(folder.iterdir()):
        if _FOLDER.fullmatch(one.name) and one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        elif _FILE.fullmatch(one.name) and one.is_file():
            with suppress(PermissionError):
                one.unlink()


_FOLDER = re.compile(r"\.unfinished-[a-z0-9_]{8}")
"""As `TemporaryDirectory` calls those of the writers."""
_FILE = re.compile(rf"\.(?:{'|'.join(Extract)})\.[a-z0-9.-]+\.unfinished")
"""As `writing_bytes` calls a file that is not whole."""
