"""`ember mode`: what a registry may do: demo, silent or live."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import DoneByOption, RegistryOption, opened
from registry.app.settings import signer_sockets
from registry.domain.mode import Mode
from registry.signing.client import SignerClient
from registry.usecases.set_mode import SetMode, set_mode


def mode(
    to: Annotated[
        Mode | None, typer.Argument(help="The mode to set; without it, show.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    actor: DoneByOption = None,
    registry: RegistryOption = None,
) -> None:
    """Show or set what the registry may do.

    demo: simulated patients only. silent: records, never alerts or randomises (the
    default). live: alerts and randomises, for live events only; where trials give kits
    the signer at EMBER_SIGNER is asked whether their lists are of their arms.
    """
    with closing(opened(registry)) as book:
        if to is None:
            with book.reading() as views:
                print(views.mode())
            return
        if not reason:
            raise typer.BadParameter("say why with --reason", param_hint="--reason")
        command = SetMode(
            mode=to,
            reason=reason,
            actor=actor or getpass.getuser(),
            at=SystemClock().now(),
        )
        with _asking_signer() as signer, book.transaction() as uow:
            done = set_mode(command, uow, signer=signer)
    print(f"{done.mode}{'' if done.changed else ' (as before)'}")


@contextmanager
def _asking_signer() -> Iterator[SignerClient | None]:
    """The signer that is named; None where there is none."""
    sockets = signer_sockets(os.environ)
    if not sockets:
        yield None
        return
    with closing(SignerClient(*sockets)) as client:
        yield client
