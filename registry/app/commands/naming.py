"""The options by which an act names whom it is about, and who does it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from registry.app.commands.exits import FORBIDDEN
from registry.app.commands.moments import when
from registry.app.obstacles import Hindrance


PatientArgument = Annotated[
    str, typer.Argument(help="The pseudonym, or site/pseudonym.")
]
SiteOption = Annotated[
    str | None, typer.Option(help="The site, where several have this pseudonym.")
]
TrialOption = Annotated[
    str | None, typer.Option(help="The trial, where several screen the patient.")
]
DomainOption = Annotated[
    str | None, typer.Option(help="The domain, where several screen the patient.")
]
EpisodeOption = Annotated[
    str | None, typer.Option(help="The hospital stay, where several are screened.")
]
ReasonOption = Annotated[
    str | None, typer.Option(help="Why, in words; it stays in the audit.")
]
DecidedOption = Annotated[
    datetime | None, when("--decided-at", "When it was decided", otherwise="now")
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.")
]


def answer_with(
    told: Any,  # noqa: ANN401  one of the answers of `registry.app.acts`
    adapter: TypeAdapter[Any],
    words: Iterable[str],
    obstacles: tuple[Hindrance, ...],
    *,
    as_json: bool,
) -> None:
    """Print what was done, or what stands in the way; then exit 1."""
    if as_json:
        print(adapter.dump_json(told).decode())
    else:
        for line in words:
            print(line)
        for obstacle in obstacles:
            print(f"  {obstacle.in_words}", file=sys.stderr)
    if obstacles:
        raise typer.Exit(FORBIDDEN)
