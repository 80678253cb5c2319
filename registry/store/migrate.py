"""Bring a database to the schema of this version, or back."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from registry.store.engine import database_url, make_engine
from streams.vocabulary.errors import ErrorCode, SettingsError


HEAD = "head"
BASE = "base"


def migrate(url: str, revision: str = HEAD) -> None:
    """Go up or down to a revision; nothing happens where it stands there.

    Raises `SettingsError` EMB-301 where the database cannot be reached.
    """
    engine = make_engine(database_url(url))
    try:
        with reachable(engine) as connection:
            _run(connection, revision)
    finally:
        engine.dispose()


def current_revision(connection: Connection) -> str | None:
    """The revision the database stands at; None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    """The revision this version of Ember wants."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def reachable(engine: Engine) -> Connection:
    """A connection; raises `SettingsError` EMB-301 where there is none to be had."""
    try:
        return engine.connect()
    except DatabaseError as fault:
        told = engine.url.render_as_string(hide_password=True)
        first = str(fault.orig).strip().partition("\n")[0]
        raise SettingsError(
            ErrorCode.REGISTRY_UNREACHABLE,
            f"The registry {told} cannot be reached: {first}.",
            "Check the address, and that its folder or server is there.",
        ) from None


def _run(connection: Connection, revision: str) -> None:
    config = _config()
    config.attributes["connection"] = connection
    if revision == BASE or _lies_behind(revision, config, connection):
        command.downgrade(config, revision)
    else:
        command.upgrade(config, revision)
    connection.commit()


def _lies_behind(revision: str, config: Config, connection: Connection) -> bool:
    """Whether the database has gone past that revision."""
    stands_at = current_revision(connection)
    if stands_at is None:
        return False
    past = ScriptDirectory.from_config(config).iterate_revisions(stands_at, BASE)
    return revision in {one.revision for one in past} - {stands_at}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()))
    config.set_main_option("path_separator", "os")
    return config


def _folder() -> Path:
    return Path(str(files("migrations")))
