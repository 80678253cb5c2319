"""Durable without Kafka: an SQLite file, each message in a committed transaction.

What waits while one transaction is written goes into the next one together.
A message is there once, by the SHA-256 of its bytes, whatever was restarted.
Its number is its place in the order of receipt; its time never runs backwards.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock

from streams.app.listen.store import RawMessage
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.topics import LETTERS_KEPT


SPOOL = "spool.sqlite"
"""In the listener's folder."""
KEPT = timedelta(days=7)
"""How long a message is kept that was read; one of which something was rejected is
kept as long as its letter."""
_WAIT_SECONDS = 30.0

_TABLES = """
CREATE TABLE IF NOT EXISTS spooled (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  digest BLOB NOT NULL UNIQUE,
  sender TEXT NOT NULL,
  control_id TEXT NOT NULL,
  received_at TEXT NOT NULL,
  payload BLOB NOT NULL,
  read INTEGER NOT NULL DEFAULT 0,
  code TEXT,
  reason TEXT
);
CREATE INDEX IF NOT EXISTS spooled_unread ON spooled (number) WHERE read = 0;
"""


_INSERT = """
INSERT INTO spooled (digest, sender, control_id, received_at, payload)
VALUES (?, ?, ?, ?, ?) ON CONFLICT (digest) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Again:
    """A message to be read once more."""

    digest: bytes
    payload: bytes
    """As it was stored."""
    sender: str
    control_id: str


@dataclass(frozen=True, slots=True)
class Spooled:
    """One message that was not read yet."""

    number: int
    received_at: datetime
    payload: bytes
    """As it was stored: sealed, where it was sealed."""
    digest: bytes
    """SHA-256 of it as it was received."""
    sender: str
    control_id: str


@dataclass(frozen=True, slots=True)
class Read:
    """What became of one: with a code, a part of it was rejected."""

    number: int
    code: str | None = None
    reason: str | None = None


@dataclass(slots=True)
class Spool:
    """The file; written by the listener's loop, read by one other thread."""

    path: Path
    seal: Callable[[bytes], bytes] | None = None
    on_stored: Callable[[], None] = lambda: None
    """Told after each transaction."""
    _waiting: list[tuple[RawMessage, asyncio.Future[object]]] = field(
        default_factory=list
    )
    _writing: asyncio.Task[None] | None = None
    _lock: Lock = field(default_factory=Lock)

    def open(self) -> None:
        """Make the file where it is missing; forget what was read long ago.

        Raises `SettingsError` EMB-403 where it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._transaction() as file:
                file.executescript(_TABLES)
        except (OSError, sqlite3.Error) as fault:
            raise SettingsError(
                ErrorCode.PATH_NOT_FOUND,
                f"The spool {self.path} cannot be written ({fault}).",
                "Name a folder of the listener's own in EMBER_LISTENER_DIR.",
            ) from None

    def forget(self, now: datetime) -> None:
        """Delete what was read and has been kept as long as it may be."""
        with self._transaction() as file:
            file.execute(
                "DELETE FROM spooled WHERE read = 1 "
                "AND received_at < CASE WHEN code IS NULL THEN ? ELSE ? END",
                (iso(now - KEPT), iso(now - LETTERS_KEPT)),
            )

    async def keep(self, message: RawMessage) -> asyncio.Future[object]:
        """As `Store` says."""
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return done

    def unread(self, most: int) -> list[Spooled]:
        """The next messages, in the order of receipt."""
        with self._transaction() as file:
            found = file.execute(
                "SELECT number, received_at, payload, digest, sender, control_id "
                "FROM spooled WHERE read = 0 ORDER BY number LIMIT ?",
                (most,),
            ).fetchall()
        return [
            Spooled(number, datetime.fromisoformat(at), *rest)
            for number, at, *rest in found
        ]

    def mark(self, read: list[Read]) -> None:
        """They took effect, or never will."""
        with self._transaction() as file:
            file.executemany(
                "UPDATE spooled SET read = 1, code = ?, reason = ? WHERE number = ?",
                [(one.code, one.reason, one.number) for one in read],
            )

    def put_again(self, messages: Sequence[Again], at: datetime) -> None:
        """Put messages behind all others, to be read once more, as known from now.

        Raises `SettingsError` EMB-403 where there is no spool.
        """
        if not self.path.is_file():
            raise SettingsError(
                ErrorCode.PATH_NOT_FOUND,
                f"There is no spool {self.path}.",
                "Name the listener's folder in EMBER_LISTENER_DIR.",
            )
        with self._transaction() as file:
            (last,) = file.execute("SELECT max(received_at) FROM spooled").fetchone()
            received_at = max(last or "", iso(at))
            for one in messages:
                file.execute("DELETE FROM spooled WHERE digest = ?", (one.digest,))
                file.execute(
                    _INSERT,
                    (
                        one.digest,
                        one.sender,
                        one.control_id,
                        received_at,
                        one.payload,
                    ),
                )

    async def _write(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._insert, [m for m, _ in taken])
            except sqlite3.Error as fault:
                for _, done in taken:
                    done.set_exception(fault)
            else:
                for _, done in taken:
                    done.set_result(None)
                self.on_stored()

    def _insert(self, messages: list[RawMessage]) -> None:
        with self._transaction() as file:
            (last,) = file.execute("SELECT max(received_at) FROM spooled").fetchone()
            for message in messages:
                last = max(last or "", iso(message.received_at))
                sealed = self.seal(message.payload) if self.seal else message.payload
                file.execute(
                    _INSERT,
                    (
                        message.digest,
                        message.sender,
                        message.control_id,
                        last,
                        sealed,
                    ),
                )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """On the disk when it ends (`synchronous=FULL`), or not at all."""
        with self._lock:
            file = sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
            try:
                file.execute("PRAGMA journal_mode=WAL")
                file.execute("PRAGMA synchronous=FULL")
                with file:
                    yield file
            finally:
                file.close()
