"""`ember allocation`: publish the vectors that response-adaptive arms are drawn by."""

from __future__ import annotations

import getpass
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_allowed
from registry.app.commands.options import DoneByOption, RegistryOption, opened
from registry.app.vector_files import read_vector_file
from registry.domain.randomisation.vector import BILLIONTHS
from registry.domain.roles import Surface
from registry.usecases.exclude_allocation import (
    ExcludeAllocation,
    exclude_allocation,
)
from registry.usecases.publish_vector import publish_vector


app = typer.Typer(
    help="Publish allocation vectors; exclude an allocation made in error.",
    no_args_is_help=True,
    add_completion=False,
)


@app.callback()
def allocation() -> None:
    """Publish allocation vectors; exclude an allocation made in error."""


@app.command()
def publish(
    document: Annotated[
        Path, typer.Argument(help="The vector's YAML or JSON file.", metavar="FILE")
    ],
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Publish an allocation vector; every allocation from now on is drawn by it.

    The file names trial, domain, stratum (or none, for all), analysis_id, data_cut,
    and either p_best, of which the protocol's limits make shares, or the shares.
    """
    file = read_vector_file(document)
    command = file.command(actor=actor or getpass.getuser(), at=SystemClock().now())
    expect_allowed(
        registry, command.actor, Surface.PUBLISH_VECTORS, trial=command.trial
    )
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = publish_vector(command, uow)
    vector = done.vector
    for arm, share in vector.shares:
        print(f"{arm}: {share / BILLIONTHS:.9f}")
    place = f"{vector.domain} / {vector.stratum or 'every stratum'}"
    told = "is in force" if done.changed else "was published before"
    print(f"{vector.vector_id} of {vector.trial} {place} {told}.")


@app.command()
def exclude(
    trial: Annotated[str, typer.Argument(help="The trial.")],
    domain: Annotated[str, typer.Argument(help="The domain.")],
    participant: Annotated[str, typer.Argument(help="The participant's code.")],
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")],
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Let an allocation made in error count no more in minimisation, from now on.

    It stays on record and in the analysis; draws that were made are not touched.
    """
    command = ExcludeAllocation(
        trial=trial,
        domain=domain,
        participant=participant,
        reason=reason,
        actor=actor or getpass.getuser(),
        at=SystemClock().now(),
    )
    expect_allowed(registry, command.actor, Surface.EXCLUDE_ALLOCATIONS, trial=trial)
    with closing(opened(registry)) as book, book.transaction() as uow:
        done = exclude_allocation(command, uow)
    told = "" if done.changed else " (as before)"
    number = done.exclusion.from_no
    print(f"{participant} does not count from number {number} of {domain} on{told}.")
