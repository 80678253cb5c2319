"""Options that several commands have, and what they open."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from registry.app.settings import registry_url
from registry.store.unit_of_work import Registry, open_registry


RegistryOption = Annotated[
    str | None,
    typer.Option(
        "--registry",
        metavar="URL",
        help="The registry's database, e.g. sqlite:///ember.sqlite or "
        "postgresql://user@host/name. Default: EMBER_REGISTRY.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON array and nothing else.")
]
ActorOption = Annotated[
    str, typer.Option(help="Who does it, as the audit is to name them.")
]


def opened(url: str | None) -> Registry:
    """The registry that was named, or that the environment names."""
    return open_registry(registry_url(os.environ, url))
