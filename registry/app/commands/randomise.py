"""`ember randomise`: ask the signer for one participant's allocation."""

from __future__ import annotations

import getpass
import os
from contextlib import closing
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.settings import signer_socket
from registry.signing.client import SignerClient
from registry.usecases.randomise import NotRandomised, Randomise, Randomised
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.ids import identity


def randomise(
    patient: Annotated[str, typer.Argument(metavar="SITE/PSEUDONYM")],
    trial: Annotated[str, typer.Option(help="Trial.")],
    domain: Annotated[str, typer.Option(help="Domain of the trial.")],
    episode: Annotated[str, typer.Option(help="Hospital stay of the screening.")],
    key: Annotated[
        str | None,
        typer.Option(
            help="Names the request. Default: by patient, trial and domain, so that "
            "asking again gives the same allocation."
        ),
    ] = None,
) -> None:
    """Randomise, by the signer at EMBER_SIGNER; asked again, it answers alike.

    The arm is shown where the domain is open-label; of a blinded one nobody sees it.
    Exit status 1 where nothing was allocated: each obstacle is named.
    """
    site, _, name = patient.partition("/")
    socket = signer_socket(os.environ)
    if not name or socket is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No signer is named." if name else f"{patient!r} names no patient.",
            "Set EMBER_SIGNER, and write the patient as SITE/PSEUDONYM.",
        )
    command = Randomise(
        idempotency_key=key or identity("request", site, name, trial, domain),
        site=site,
        patient=name,
        trial=trial,
        domain=domain,
        episode=episode,
        actor=getpass.getuser(),
        at=SystemClock().now(),
    )
    with closing(SignerClient(socket)) as client:
        answer = client.randomise(command)
    print(_in_words(answer))
    if isinstance(answer, NotRandomised):
        raise typer.Exit(1)


def _in_words(answer: Randomised | NotRandomised) -> str:
    if isinstance(answer, NotRandomised):
        told = (
            f"  {o.code} {o.name} {o.detail}".rstrip() for o in answer.gate.obstacles
        )
        return "\n".join(("Not randomised:", *told))
    when = "before" if answer.repeated else "now"
    arm = "blinded" if answer.arm is None else answer.arm
    place = f"number {answer.sequence_no} of stratum {answer.stratum or '-'}"
    return f"{answer.participant}: {arm} ({place}, allocated {when})"
