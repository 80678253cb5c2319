"""Tell what a failed transaction failed of."""

from __future__ import annotations

import sqlite3

import psycopg
from sqlalchemy import exc

from registry.usecases.faults import Diagnosis, Fault


_RACE = ("23503", "23505", "23P01")
"""What it refers to is not there yet, what it is was there first, what it overlaps."""
_AWAY = ("08", "25", "40", "53", "55", "57", "58")
"""Connection, read-only, collision, resources, locks, operator, input and output."""
_DATA = ("22", "23502", "23514", "54")
"""Bad values, none where there must be one, one that a check refuses, more than a row
or an index can hold.

What else there is of class 23 no message can bring about: to change or take away what
is append-only (23000, by our triggers) or referred to (23001) is a bug.
"""

_SQLITE_AWAY = ("BUSY", "LOCKED", "FULL", "IOERR", "CANTOPEN", "READONLY", "PROTOCOL")
_SQLITE_RACE = tuple(
    f"SQLITE_CONSTRAINT_{what}" for what in ("UNIQUE", "PRIMARYKEY", "FOREIGNKEY")
)
_SQLITE_DATA = (
    *(f"SQLITE_CONSTRAINT_{what}" for what in ("NOTNULL", "CHECK", "DATATYPE")),
    *("SQLITE_MISMATCH", "SQLITE_TOOBIG"),
)


def diagnosis(fault: BaseException) -> Diagnosis | None:
    """None for what is neither the data's fault nor the surroundings': a bug."""
    if isinstance(fault, exc.TimeoutError):
        return Diagnosis(Fault.AWAY, "no connection was free")
    if isinstance(fault, OverflowError | UnicodeEncodeError):
        return Diagnosis(Fault.DATA, type(fault).__name__)
    if not isinstance(fault, exc.DBAPIError):
        return None
    if isinstance(fault.orig, psycopg.Error):
        return _postgresql(fault, fault.orig)
    if isinstance(fault.orig, sqlite3.Error):
        return _sqlite(fault.orig)
    return None


def _postgresql(fault: exc.DBAPIError, orig: psycopg.Error) -> Diagnosis | None:
    state = orig.sqlstate or ""
    words = (type(orig).__name__, state, orig.diag.constraint_name or "")
    told = " ".join(word for word in words if word)
    if fault.connection_invalidated or state.startswith(_AWAY):
        return Diagnosis(Fault.AWAY, told)
    if state in _RACE:
        return Diagnosis(Fault.RACE, told)
    if state.startswith(_DATA) or isinstance(orig, psycopg.DataError):
        return Diagnosis(Fault.DATA, told)
    gone = psycopg.OperationalError | psycopg.InterfaceError
    if not state and isinstance(orig, gone):
        return Diagnosis(Fault.AWAY, told)
    return None


def _sqlite(orig: sqlite3.Error) -> Diagnosis | None:
    name = getattr(orig, "sqlite_errorname", "") or ""
    told = f"{type(orig).__name__} {name}".strip()
    if name in _SQLITE_RACE:
        return Diagnosis(Fault.RACE, told)
    if name in _SQLITE_DATA:
        return Diagnosis(Fault.DATA, told)
    if name.removeprefix("SQLITE_").startswith(_SQLITE_AWAY):
        return Diagnosis(Fault.AWAY, told)
    return None
