"""An engine for either database, from the URL a person writes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from datetime import timedelta
from typing import Any

from psycopg import OperationalError
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from streams.vocabulary.errors import ErrorCode, SettingsError


READ_ONLY = "ember_read_only"
"""Execution option of a transaction that only reads."""

_WAIT = timedelta(seconds=60)
"""How long a writer waits for another before it gives up (SQLite)."""

_POSTGRESQL: dict[str, Any] = {
    "options": "-c timezone=UTC",
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A server that vanished without a word is noticed within half a minute."""

_FRESH = timedelta(seconds=1)
"""A connection used so lately is taken up unasked; if it broke since, its use tells."""

_LAST_USED = "ember_last_used"
_DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}


def database_url(written: str) -> URL:
    """The URL with its driver; raises `SettingsError` EMB-402 for what is none."""
    try:
        url = make_url(written)
    except ArgumentError:
        raise _not_usable(written) from None
    driver = _DRIVERS.get(url.drivername, url.drivername)
    if driver not in _DRIVERS.values():
        raise _not_usable(url.render_as_string(hide_password=True))
    return url.set(drivername=driver)


def make_engine(url: URL, *, pool_size: int = 10) -> Engine:
    """An engine; nothing is connected yet.

    Its faults never repeat what was to be written: an arm or a pseudonym.
    """
    if url.drivername.startswith("postgresql"):
        made = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=_WAIT.total_seconds(),
            hide_parameters=True,
            connect_args=_POSTGRESQL,
        )
        event.listen(made, "checkin", _let_go)
        event.listen(made, "checkout", _taken_up)
        return made
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={
            "timeout": _WAIT.total_seconds(),
            "check_same_thread": False,
            "isolation_level": None,
        },
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _let_go(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info[_LAST_USED] = time.monotonic()


def _taken_up(
    connection: DBAPIConnection,
    record: ConnectionPoolEntry,
    _proxy: object,
) -> None:
    """Whoever lay idle is asked whether it still answers; if not, all are made anew."""
    last_used = record.info.get(_LAST_USED)
    if last_used is None or time.monotonic() - last_used < _FRESH.total_seconds():
        return
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except OperationalError:
        raise InvalidatePoolError from None


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:  # noqa: ANN401  the pool's own record
    """WAL lets readers read on; FULL lets no committed act be lost to a power cut.

    Without recursive triggers, INSERT OR REPLACE would pass the triggers by.
    """
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once, so that no read of it can be overtaken."""
    reads = connection.get_execution_options().get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _not_usable(written: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"{written!r} is not the address of a registry.",
        "Write sqlite:///FILE or postgresql://USER@HOST/DATABASE.",
    )
