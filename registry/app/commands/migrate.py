"""`ember migrate`: bring a registry's tables to this version."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from registry.app.commands.options import RegistryOption
from registry.app.settings import registry_url
from registry.store import migrate as store
from registry.store.engine import database_url, make_engine
from registry.store.roles import grant_roles


def migrate(
    registry: RegistryOption = None,
    roles: Annotated[
        bool,
        typer.Option(
            "--roles",
            help="On PostgreSQL: make the group roles where they are missing, and grant "
            "them what is theirs.",
        ),
    ] = False,
) -> None:
    """Make a new registry's tables, or bring an old one's to this version."""
    url = registry_url(os.environ, registry)
    before = _standing(url)
    store.migrate(url)
    if roles:
        grant_roles(url)
    after = _standing(url)
    print(
        f"Already at {after}." if before == after else f"{before or 'empty'} -> {after}"
    )


def _standing(url: str) -> str | None:
    engine = make_engine(database_url(url))
    try:
        with store.reachable(engine) as connection:
            return store.current_revision(connection)
    finally:
        engine.dispose()
