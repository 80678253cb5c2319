"""What is flagged beside Sepsis-3: from options and settings to definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from streams.app.settings import check_zone
from streams.clinical.tracking.patient import Entry
from streams.pipeline.flaggable import further


DefinitionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--definition",
        metavar="NAME[:POLICY]",
        help="Flag by this definition too, beside Sepsis-3; may be repeated. "
        "Default: EMBER_DEFINITIONS.",
    ),
]


@dataclass(frozen=True, slots=True)
class Beside:
    """The further definitions, and the time zone whose days they count."""

    definitions: tuple[Entry, ...]
    zone: str | None
    """The hospital's; None where nothing tells."""


def flagged_beside(
    environ: Mapping[str, str],
    asked: Sequence[str] | None = None,
    *,
    zone: str | None = None,
    own_days: str | None = None,
) -> Beside:
    """The definitions of the options, or else of the setting.

    `zone` is that of an option; `own_days` is the zone a source is known to count its
    days in, whatever the hospital's is.
    Raises `SettingsError` EMB-402 for what there is not.
    """
    names = asked or environ.get("EMBER_DEFINITIONS", "").split(",")
    days = zone or own_days or environ.get("EMBER_ZONE") or None
    if days is not None:
        check_zone(days)
    return Beside(further(names, zone=days), days)
