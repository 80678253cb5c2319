"""`ember migrate`: bring a registry's tables to this version."""

from __future__ import annotations

import os

from registry.app.commands.options import RegistryOption
from registry.app.settings import registry_url
from registry.store import migrate as store


def migrate(registry: RegistryOption = None) -> None:
    """Make a new registry's tables, or bring an old one's to this version."""
    url = registry_url(os.environ, registry)
    before = store.current_revision(url)
    store.migrate(url)
    after = store.current_revision(url)
    print(
        f"Already at {after}." if before == after else f"{before or 'empty'} -> {after}"
    )
