"""Options that several commands have, and what they open."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.moments import when
from registry.app.settings import registry_url
from registry.store.unit_of_work import Registry, open_registry
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, SettingsError


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
AtOption = Annotated[
    datetime | None, when("--at", "As it stood at that moment", otherwise="now")
]
TrialOption = Annotated[str | None, typer.Option(help="Only this trial.")]
ActorOption = Annotated[
    str,
    typer.Option(
        envvar="EMBER_ACTOR", help="Who does it, as the audit is to name them."
    ),
]

DoneByOption = Annotated[
    str | None,
    typer.Option(
        "--actor",
        envvar="EMBER_ACTOR",
        help="Who does it, as roles are given to them. Default: the system's user.",
    ),
]


def opened(url: str | None) -> Registry:
    """The registry that was named, or that the environment names."""
    return open_registry(registry_url(os.environ, url))


def moment(written: datetime | None) -> datetime:
    """What `--at` asked for; now where nothing was.

    Raises `SettingsError` EMB-402 for a moment to come: what is told of it could change.
    """
    now = SystemClock().now()
    if written is not None and written > now:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"--at: {iso(written)} is to come, and what is recorded until then may "
            "change what is told of it.",
            f"Name a moment until now ({iso(now)}), or leave --at out.",
        )
    return now if written is None else written
