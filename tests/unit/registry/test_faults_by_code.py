"""Whose fault a broken constraint is: by PostgreSQL's codes, and by SQLite's names."""

import sqlite3

import pytest
from psycopg import errors
from sqlalchemy import exc

from registry.store.faults import diagnosis
from registry.usecases.faults import Fault


def wrapped(orig):
    return exc.IntegrityError("", {}, orig)


def found(fault):
    told = diagnosis(wrapped(fault))
    return None if told is None else told.fault


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("22003", Fault.DATA),
        ("23000", None),  # our own triggers: what is append-only was changed
        ("23001", None),
        ("23502", Fault.DATA),
        ("23503", Fault.RACE),
        ("23505", Fault.RACE),
        ("23514", Fault.DATA),
        ("23P01", Fault.RACE),
        ("54000", Fault.DATA),
    ],
)
def test_of_broken_constraints_some_only_are_the_messages_fault(state, fault):
    assert found(errors.lookup(state)()) is fault


TABLES = """
PRAGMA foreign_keys = ON;
CREATE TABLE a (id INTEGER PRIMARY KEY, n TEXT NOT NULL UNIQUE CHECK (n <> 'x'));
CREATE TABLE b (a INTEGER REFERENCES a (id));
CREATE TRIGGER kept BEFORE UPDATE ON a BEGIN SELECT RAISE(ABORT, 'append-only'); END;
INSERT INTO a VALUES (1, 'one');
"""


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("INSERT INTO a VALUES (1, 'two')", Fault.RACE),
        ("INSERT INTO a VALUES (2, 'one')", Fault.RACE),
        ("INSERT INTO b VALUES (7)", Fault.RACE),
        ("INSERT INTO a VALUES (2, NULL)", Fault.DATA),
        ("INSERT INTO a VALUES (2, 'x')", Fault.DATA),
        ("INSERT INTO a VALUES ('word', 'two')", Fault.DATA),
        ("UPDATE a SET n = 'two'", None),
    ],
)
def test_sqlite_tells_the_same_by_name(statement, fault):
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    with pytest.raises(sqlite3.IntegrityError) as broken:
        connection.execute(statement)
    connection.close()
    assert found(broken.value) is fault
