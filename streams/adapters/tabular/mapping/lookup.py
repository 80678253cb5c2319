"""One column looked up by another: in memory while it is small, then on disk.

A hospital has millions of stays, and a vocabulary millions of concepts, of which a
reading asks for a few thousand: what was asked for lately is remembered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import lru_cache
from typing import Literal


IN_MEMORY = 100_000
"""Entries before they go to disk; so many take some 20 MB."""
_REMEMBERED = 65_536
"""Answers of what lies on disk."""
_CACHE_KIB = 16 << 10

Keep = Literal["least", "greatest"]


class Lookup:
    """By key a value; of several values of one key the least or the greatest.

    What lies on disk lies in a file without a name, which is gone with the process.
    """

    def __init__(self, keep: Keep, in_memory: int = IN_MEMORY) -> None:
        self._keep = keep
        self._in_memory = in_memory
        self._held: dict[str, str] = {}
        self._disk: sqlite3.Connection | None = None
        self._found = lru_cache(maxsize=_REMEMBERED)(self._on_disk)

    def put(self, key: str, value: str) -> None:
        """Take an entry in; an empty value gives way to any other."""
        before = self._held.get(key, "")
        self._held[key] = _BETTER[self._keep](before, value) if before else value
        if len(self._held) >= self._in_memory:
            self._spill()

    def settle(self) -> None:
        """All was put: from now on it is asked."""
        if self._disk is not None:
            self._spill()

    def get(self, key: str) -> str | None:
        """The value; None for a key that was never put."""
        return self._held.get(key) if self._disk is None else self._found(key)

    def _spill(self) -> None:
        if self._disk is None:
            self._disk = _opened()
        with self._disk as disk:
            disk.executemany(
                _PUT[self._keep],
                ((_bytes(key), _bytes(self._held[key])) for key in sorted(self._held)),
            )
        self._held = {}

    def _on_disk(self, key: str) -> str | None:
        if self._disk is None:
            return None
        query = "SELECT value FROM entry WHERE key = ?"
        row = self._disk.execute(query, (_bytes(key),)).fetchone()
        return None if row is None else row[0].decode("utf-8", "surrogateescape")


def _least(before: str, value: str) -> str:
    return min(before, value, key=_bytes) if value else before


def _greatest(before: str, value: str) -> str:
    return max(before, value, key=_bytes)


_BETTER: dict[Keep, Callable[[str, str], str]] = {
    "least": _least,
    "greatest": _greatest,
}
_PUT: dict[Keep, str] = {
    "least": """
        INSERT INTO entry VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = CASE
        WHEN value = x'' THEN excluded.value WHEN excluded.value = x'' THEN value
        ELSE min(value, excluded.value) END
    """,
    "greatest": """
        INSERT INTO entry VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = CASE
        WHEN value = x'' THEN excluded.value WHEN excluded.value = x'' THEN value
        ELSE max(value, excluded.value) END
    """,
}


def _opened() -> sqlite3.Connection:
    # Read by one thread after another: a feeder has several.
    disk = sqlite3.connect("", check_same_thread=False)
    disk.execute("PRAGMA journal_mode=OFF")
    disk.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    disk.execute("CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID")
    return disk


def _bytes(text: str) -> bytes:
    """As bytes: so text that is not UTF-8 stays, and the order is the same everywhere."""
    return text.encode("utf-8", "surrogateescape")
