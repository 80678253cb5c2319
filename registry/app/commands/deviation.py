"""`ember deviation`: departures from the protocol."""

from __future__ import annotations

import getpass
from contextlib import closing
from datetime import datetime
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import (
    expect_of,
    expect_with,
    opened_as,
)
from registry.app.commands.moments import when
from registry.app.commands.options import DoneByOption, RegistryOption
from registry.app.commands.renamed import ActorWasBy
from registry.domain.conduct import DeviationKind
from registry.domain.roles import Surface
from registry.usecases.record_deviation import (
    DeviationRefused,
    RecordDeviation,
    record_deviation,
)
from registry.usecases.redact_deviation import (
    RedactDeviation,
    RedactionRefused,
    redact_deviation,
)
from streams.vocabulary.errors import Refused


app = typer.Typer(
    help="Departures from the protocol.", no_args_is_help=True, add_completion=False
)


@app.callback()
def deviation() -> None:
    """Departures from the protocol; `ember query deviations` lists them."""


@app.command(cls=ActorWasBy)
def record(
    participant: Annotated[str, typer.Argument(help="The participant's code.")],
    kind: Annotated[DeviationKind, typer.Option(help="What was not done as written.")],
    what: Annotated[
        str,
        typer.Option(help="What happened; name no person and, if blinded, no arm."),
    ],
    happened_at: Annotated[datetime, when("--happened-at", "When")],
    important: Annotated[
        bool, typer.Option(help="Whether it may affect safety or the result.")
    ],
    domain: Annotated[str, typer.Option(help="The domain it concerns.")] = "",
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Record one; it is kept for ever, and followed by another to mend it."""
    command = RecordDeviation(
        participant=participant,
        domain=domain,
        kind=kind,
        important=important,
        happened_at=happened_at,
        description=what,
        actor=actor or getpass.getuser(),
        at=SystemClock().now(),
    )
    surface = Surface.RECORD_CONDUCT
    book = opened_as(registry, command.actor, surface)
    with closing(book), book.transaction() as uow:
        expect_with(book, surface, uow, participant=participant)
        done = record_deviation(command, uow)
    if isinstance(done, DeviationRefused):
        named = done.obstacle.name.replace("_", " ")
        raise Refused(done.obstacle.code, f"Nothing was recorded: {named}.")
    print(f"{participant}: deviation no. {done.deviation.number} is on record.")


@app.command(cls=ActorWasBy)
def redact(
    deviation: Annotated[
        str, typer.Argument(metavar="DEVIATION_ID", help="As the audit has it.")
    ],
    reason: Annotated[
        str, typer.Option(help="On whose request and by which law; no name.")
    ],
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Take a description out for good, where the law wants it; a tombstone stays.

    By a site admin of its place; on PostgreSQL it wants the owner of the tables, too.
    """
    command = RedactDeviation(
        deviation_id=deviation,
        reason=reason,
        actor=actor or getpass.getuser(),
        at=SystemClock().now(),
    )
    surface = Surface.HAND_OUT_ROLES
    book = opened_as(registry, command.actor, surface)
    with closing(book), book.transaction() as uow:
        expect_of(book, surface, uow.deviations.one(deviation))
        done = redact_deviation(command, uow)
    if isinstance(done, RedactionRefused):
        named = done.obstacle.name.replace("_", " ")
        raise Refused(done.obstacle.code, f"Nothing was taken out: {named}.")
    print(f"{deviation}: taken out; the audit tells who and why.")
