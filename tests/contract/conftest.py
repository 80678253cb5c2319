"""A migrated registry a test, on each of the two databases."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from registry.store.engine import database_url, make_engine
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "registry.sqlite"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def registry_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated, empty registry on each of the two databases in turn."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        file = shutil.copy(template, tmp_path / "registry.sqlite")
        yield f"sqlite:///{file}"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def registry(registry_url):
    opened = open_registry(registry_url, pool_size=25)
    yield opened
    opened.close()


@pytest.fixture
def sql(registry_url):
    """One statement, as the database's owner would run it."""
    return lambda statement: _execute(registry_url, [statement])


@pytest.fixture
def tamper(registry_url):
    """One statement of somebody who can switch the triggers off, and the checks of a file."""
    if registry_url.startswith("postgresql"):
        off = "SET session_replication_role = replica"
        return lambda statement: _execute(registry_url, [off, statement])
    return lambda statement: _tamper_with_file(registry_url, statement)


def _tamper_with_file(url: str, statement: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        named = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        )
        for (name,) in named.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(statement)
        connection.commit()


def _execute(url: str, statements: list[str]) -> list[tuple[object, ...]]:
    engine = make_engine(database_url(url))
    try:
        with engine.begin() as connection:
            for statement in statements:
                done = connection.exec_driver_sql(statement)
            return [tuple(row) for row in done] if done.returns_rows else []
    finally:
        engine.dispose()
