"""`ember misrandomisation`: randomisations in error, by Yelland's table."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_with, opened_as
from registry.app.commands.exits import told_in_words
from registry.app.commands.moments import when
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.obstacles import hindrances
from registry.domain.misrandomisation import RULINGS, Kind
from registry.domain.roles import Surface
from registry.usecases.record_misrandomisation import (
    MisrandomisationRefused,
    RecordMisrandomisation,
    record_misrandomisation,
)
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


app = typer.Typer(
    help="Randomisations in error.", no_args_is_help=True, add_completion=False
)

_WANTED = {
    "nothing": "",
    "factors": "--true FACTOR=LEVEL",
    "covariates": "--true COVARIATE=VALUE",
    "received": "--received KIT (open label: the arm)",
    "first": "--first PARTICIPANT",
}


@app.command()
def kinds() -> None:
    """The table: for each kind what is kept, what is corrected, what is analysed."""
    table = Table("kind", "wants", "kept", "corrected", "analysed", show_lines=True)
    for kind, ruling in RULINGS.items():
        wanted = _WANTED[ruling.wants]
        table.add_row(kind, wanted, ruling.kept, ruling.corrected, ruling.analysed)
    Console().print(table)


@app.command()
def record(
    kind: Annotated[Kind, typer.Argument(help="What went wrong.")],
    participant: Annotated[str, typer.Argument(help="The participant's code.")],
    domain: Annotated[str, typer.Option(help="The domain.")],
    what: Annotated[
        str, typer.Option(help="What happened; name no person and, if blinded, no arm.")
    ],
    happened_at: Annotated[datetime, when("--happened-at", "When")],
    actor: ActorOption,
    true: Annotated[
        list[str] | None,
        typer.Option(help="What was true, as NAME=VALUE; may be given again."),
    ] = None,
    received: Annotated[
        str | None, typer.Option(help="What was given; if blinded, the kit.")
    ] = None,
    first: Annotated[
        str | None, typer.Option(help="The participant who was drawn for first.")
    ] = None,
    registry: RegistryOption = None,
) -> None:
    """Record it, with its deviation, and do what the table says.

    Nothing that was drawn is taken away or drawn again. Exit 1 where it cannot be
    recorded so.
    """
    now = SystemClock().now()
    with told_in_words():
        command = RecordMisrandomisation(
            kind=kind,
            participant=participant,
            domain=domain,
            happened_at=happened_at,
            description=what,
            true_values=tuple(_pair(one) for one in true or ()),
            received=received,
            first=first,
            actor=actor,
            at=now,
        )
        book = opened_as(registry, actor, Surface.RECORD_CONDUCT)
        with closing(book), book.transaction() as uow:
            for one in (participant, *([] if first is None else [first])):
                expect_with(book, Surface.RECORD_CONDUCT, uow, participant=one)
            done = record_misrandomisation(command, uow)
        if isinstance(done, MisrandomisationRefused):
            (why,) = hindrances((done.obstacle,))
            named = why.name.replace("_", " ")
            told = f"Nothing was recorded: {named}."
            raise Refused(done.obstacle.code, told, why.cure)
    print(f"{participant}: {kind} no. {done.record.number} is on record in {domain}.")
    print(f"Kept: {RULINGS[kind].kept}.")
    print(f"Corrected: {RULINGS[kind].corrected}.")
    print(f"Analysed: {RULINGS[kind].analysed}.")


def _pair(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals or not name or not value:
        raise SettingsError(
            ErrorCode.BAD_SETTING, f"{written!r} is no NAME=VALUE.", "Write shock=yes."
        )
    return name, value
