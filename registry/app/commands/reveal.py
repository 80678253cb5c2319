"""`ember reveal`: arms of deferred domains, told once their eligibility is confirmed."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import AsOption, expect_with, opened_as
from registry.app.commands.exits import FORBIDDEN, told_in_words
from registry.app.commands.naming import ReasonOption
from registry.app.commands.options import ActorOption, RegistryOption
from registry.app.commands.tables import Columns, print_table, told
from registry.app.drawing import drawing
from registry.app.obstacles import hindrances
from registry.domain.roles import Surface
from registry.usecases.reveal_arm import NotRevealed, RevealArm


app = typer.Typer(
    help="Arms that are drawn and not yet told.",
    no_args_is_help=True,
    add_completion=False,
)

TrialOption = Annotated[str, typer.Option(help="The trial.")]


@app.command()
def arm(
    participant: Annotated[str, typer.Argument(help="The participant's code.")],
    trial: TrialOption,
    domain: Annotated[str, typer.Option(help="The domain.")],
    actor: ActorOption,
    reason: ReasonOption = None,
    registry: RegistryOption = None,
) -> None:
    """Tell the arm; exit 1 where what the draw left open is not settled.

    On PostgreSQL the signer at EMBER_SIGNER tells it.
    """
    command = RevealArm(
        trial=trial,
        domain=domain,
        participant=participant,
        reason=reason,
        actor=actor,
        at=SystemClock().now(),
    )
    with (
        told_in_words(),
        closing(opened_as(registry, actor, Surface.RANDOMISE)) as book,
    ):
        with book.transaction() as uow:
            expect_with(book, Surface.RANDOMISE, uow, participant=participant)
        with drawing(book, trial, key=None, environ=os.environ) as signer:
            done = signer.reveal_arm(command)
        if isinstance(done, NotRevealed):
            for one in hindrances(done.gate.obstacles):
                print(f"  {one.in_words}", file=sys.stderr)
            raise typer.Exit(FORBIDDEN)
        print(
            f"{participant}: {domain}, arm {done.arm}, told {told(done.reveal.at)} UTC"
        )


@app.command("list")
def list_(
    trial: TrialOption, who: AsOption = None, registry: RegistryOption = None
) -> None:
    """Who was drawn, and to what nobody was told: it may stay so for ever."""
    book = opened_as(registry, who, Surface.PARTICIPANTS, trial=trial)
    with closing(book), book.inspection() as uow:
        hidden = uow.reveals.waiting(trial)
    columns: Columns = {
        "participant": lambda r: r.participant,
        "site": lambda r: r.site,
        "domain": lambda r: r.domain,
        "randomised": lambda r: told(r.randomised_at),
    }
    print_table("hidden arms", hidden, columns)
