"""The options by which an act names whom it is about, and who does it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter

from registry.app.commands.exits import FORBIDDEN
from registry.app.obstacles import Hindrance
from streams.vocabulary.clock import in_utc
from streams.vocabulary.errors import ErrorCode, SettingsError


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
    str | None,
    typer.Option(
        "--decided-at",
        metavar="TIME",
        help="When it was decided, with its offset: 2026-03-01T03:10+01:00. "
        "Default: now.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object and nothing else.")
]


def moment_given(written: str | None, now: datetime) -> datetime:
    """The moment that was written, in UTC; now where none was.

    Raises `SettingsError` EMB-402 for what is no moment, or tells no offset: nobody
    guesses whose clock it was read from.
    """
    if written is None:
        return now
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        read = None
    if read is None or read.tzinfo is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"{written!r} is no moment with its offset from UTC.",
            "Write it as 2026-03-01T03:10+01:00.",
        )
    return in_utc(read)


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
