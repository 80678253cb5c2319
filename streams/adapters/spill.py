"""External sort: sorted runs in a temporary folder, merged in bounded memory."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import count, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar


T = TypeVar("T")

CHUNK_SIZE = 250_000
"""Things held in memory at once; a quarter of a million canonical events take some 250 MB."""
_FAN_IN = 64
"""Runs merged at once: fewer than the files a process may hold open."""
_BLOCK = 500
"""Things a run's file is written and read by."""


def externally_sorted(
    things: Iterable[T], key: Callable[[T], Any], chunk_size: int = CHUNK_SIZE
) -> Iterator[T]:
    """`things` by `key`, equal keys in order of arrival.

    It takes in everything before it gives the first; the temporary folder is gone
    when it ends or is closed.
    """
    with TemporaryDirectory(prefix="ember-sort-") as folder:
        paths = (Path(folder) / f"run-{n}" for n in count())
        stream = iter(things)
        runs: list[Path] = []
        while chunk := sorted(islice(stream, chunk_size), key=key):
            if not runs and len(chunk) < chunk_size:
                yield from chunk
                return
            runs.append(_written(next(paths), chunk))
        while len(runs) > _FAN_IN:
            runs = [
                _written(next(paths), _merged(runs[i : i + _FAN_IN], key))
                for i in range(0, len(runs), _FAN_IN)
            ]
        yield from _merged(runs, key)


def _merged(runs: list[Path], key: Callable[[T], Any]) -> Iterator[T]:
    """The runs in one order; each file is removed when it is read."""
    yield from merge(*(_read(run) for run in runs), key=key)


def _written(path: Path, things: Iterable[T]) -> Path:
    stream = iter(things)
    with path.open("wb") as file:
        while block := list(islice(stream, _BLOCK)):
            pickle.dump(block, file, protocol=pickle.HIGHEST_PROTOCOL)
    return path


def _read(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        while True:
            try:
                block = pickle.load(file)  # noqa: S301 - our own file, in a folder of our own, of this run
            except EOFError:
                break
            yield from block
    path.unlink()
