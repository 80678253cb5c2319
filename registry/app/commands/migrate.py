"""`ember migrate`: bring a registry's tables to this version."""

from __future__ import annotations

import os

from registry.app.commands.options import RegistryOption
from registry.app.settings import registry_url
from registry.store import migrate as store
from registry.store.engine import database_url, make_engine


def migrate(registry: RegistryOption = None) -> None:
    """Make a new registry's tables, or bring an old one's to this version."""
    url = registry_url(os.environ, registry)
    before = _standing(url)
    store.migrate(url)
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
