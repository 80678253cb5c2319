"""`ember randomisation`: repeat the draws of a trial from its key."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from registry.app.commands.options import RegistryOption, opened
from registry.store.keys import trial_signer
from registry.usecases.verify_randomisation import (
    RandomisationReport,
    verify_randomisation,
)


_REPORT = TypeAdapter(RandomisationReport)

app = typer.Typer(
    help="Verify what was drawn.", no_args_is_help=True, add_completion=False
)


@app.callback()
def draws() -> None:
    """Verify what was drawn."""


@app.command()
def verify(
    trial: Annotated[str, typer.Argument(help="The trial.")],
    key: Annotated[
        Path, typer.Option(help="The file with the trial's allocation key.")
    ],
    registry: RegistryOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object and nothing else.")
    ] = False,
) -> None:
    """Make every draw again, from the key and what the audit published.

    Exit 1 where a draw differs, or where the key is not the one whose commitment was
    published at activation. Needs a role that may read the arms; shows none.
    """
    signer = trial_signer(key, trial)
    with closing(opened(registry)) as found, found.inspection() as uow:
        report = verify_randomisation(trial, uow, signer=signer)
    if as_json:
        print(_REPORT.dump_json(report).decode())
    else:
        _print(report)
    if not report.holds:
        raise typer.Exit(1)


def _print(report: RandomisationReport) -> None:
    if not report.published:
        print(f"No protocol of {report.trial} was ever activated.")
    elif not report.key_is_the_one:
        told = ", ".join(c[:16] for c in dict.fromkeys(report.published))
        print(
            f"OTHER KEY  its commitment is {report.key_commitment[:16]}, "
            f"published was {told}"
        )
    for one in report.differing:
        place = f"{one.domain} / {one.stratum or '-'} / {one.sequence_no}"
        print(f"DIFFERS  {one.participant} ({place}): {one.what}.")
    differing = len({one.randomisation_id for one in report.differing})
    print(f"{report.checked} draws made again, {differing} differ.")
