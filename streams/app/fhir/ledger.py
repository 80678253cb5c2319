"""What each subscription has told, by number, and what it still owes; on disk.

Up to `top` every event is either in the log or owed: as a resource to be fetched, or
as a span of numbers that were never heard.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from streams.vocabulary.errors import ErrorCode, SettingsError


_TABLES = """
CREATE TABLE IF NOT EXISTS subscription (
    name TEXT PRIMARY KEY,
    top INTEGER NOT NULL,
    heard REAL NOT NULL,
    status TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS owed (
    subscription TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    focus TEXT NOT NULL,
    due REAL NOT NULL,
    tries INTEGER NOT NULL,
    PRIMARY KEY (subscription, first, focus)
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """One subscription."""

    name: str
    top: int
    """The highest number there was, heard or told of."""
    heard: float
    """When it was last heard of, in seconds of the epoch."""
    status: str


@dataclass(frozen=True, slots=True)
class Debt:
    """Events that are not in the log: one to fetch by its focus, or a span unheard."""

    subscription: str
    first: int
    last: int
    focus: str
    """Empty of a span."""
    tries: int = 0


class Ledger:
    """The file; one process has it. Every change is durable once `written` is left."""

    def __init__(self, path: Path) -> None:
        """Raises `SettingsError` EMB-403 where the file cannot be used."""
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            self._file = sqlite3.connect(path, 1.0, isolation_level=None)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")
            self._file.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._file.executescript(_TABLES)
            self._file.execute("UPDATE subscription SET name = name")
        except (OSError, sqlite3.Error) as fault:
            raise SettingsError(
                ErrorCode.PATH_NOT_FOUND,
                f"The ledger {path} cannot be used ({fault}).",
                "Name a file in a folder that can be written, for one process alone.",
            ) from None

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @contextmanager
    def written(self) -> Iterator[None]:
        """All changes within, or none."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self._file.execute("COMMIT")

    # -- subscriptions -----------------------------------------------------------

    def find(self, name: str) -> Standing | None:
        """The subscription of that name, where it was ever heard of."""
        row = self._file.execute(
            "SELECT name, top, heard, status FROM subscription WHERE name = ?", (name,)
        ).fetchone()
        return None if row is None else Standing(*row)

    def all(self) -> list[Standing]:
        """Every subscription that was ever heard of."""
        rows = self._file.execute("SELECT name, top, heard, status FROM subscription")
        return [Standing(*row) for row in rows]

    def hear(self, name: str, *, top: int, at: float, status: str) -> None:
        """It was heard of; an empty `status` leaves the one it had."""
        self._file.execute(
            "INSERT INTO subscription VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE "
            "SET top = excluded.top, heard = excluded.heard, "
            "status = coalesce(nullif(excluded.status, ''), status)",
            (name, top, at, status),
        )

    # -- debts -------------------------------------------------------------------

    def owe(self, debt: Debt, due: float) -> None:
        """Note a debt, to be asked for from `due` on."""
        self._file.execute(
            "INSERT OR REPLACE INTO owed VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(debt.subscription, debt.first, debt.last, debt.focus),
                *(due, debt.tries),
            ),
        )

    def settle(self, debt: Debt) -> None:
        """The debt is paid."""
        self._file.execute(
            "DELETE FROM owed WHERE subscription = ? AND first = ? AND focus = ?",
            (debt.subscription, debt.first, debt.focus),
        )

    def span_with(self, name: str, number: int) -> Debt | None:
        """The span of unheard numbers that holds this one."""
        row = self._file.execute(
            "SELECT subscription, first, last, focus, tries FROM owed "
            "WHERE subscription = ? AND focus = '' AND first <= ? AND last >= ?",
            (name, number, number),
        ).fetchone()
        return None if row is None else Debt(*row)

    def heard_of(self, span: Debt, number: int, due: float) -> None:
        """One number of a span was heard after all: what is left of it stays owed."""
        self.settle(span)
        ends = ((span.first, number - 1), (number + 1, span.last))
        for first, last in ends:
            if first <= last:
                self.owe(Debt(span.subscription, first, last, "", span.tries), due)

    def due(self, now: float, limit: int = 100) -> Sequence[Debt]:
        """Debts whose time has come, the oldest first."""
        rows = self._file.execute(
            "SELECT subscription, first, last, focus, tries FROM owed WHERE due <= ? "
            "ORDER BY due LIMIT ?",
            (now, limit),
        )
        return [Debt(*row) for row in rows]

    def events_owed(self) -> int:
        """How many events are not in the log."""
        row = self._file.execute("SELECT coalesce(sum(last - first + 1), 0) FROM owed")
        count: int = row.fetchone()[0]
        return count

    def hardest(self) -> int:
        """How often the most stubborn debt was asked for."""
        row = self._file.execute("SELECT coalesce(max(tries), 0) FROM owed").fetchone()
        tries: int = row[0]
        return tries
