"""`ember mode`: what a registry may do: demo, silent or live."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption, opened
from registry.domain.mode import Mode
from registry.usecases.set_mode import SetMode, set_mode


def mode(
    to: Annotated[
        Mode | None, typer.Argument(help="The mode to set; without it, show.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it goes into the audit.")] = "",
    registry: RegistryOption = None,
) -> None:
    """Show or set what the registry may do.

    demo: simulated patients only. silent: records, never alerts or randomises (the
    default). live: alerts and randomises, for live events only.
    """
    book = opened(registry)
    if to is None:
        with book.reading() as views:
            print(views.mode())
        return
    if not reason:
        raise typer.BadParameter("say why with --reason", param_hint="--reason")
    command = SetMode(
        mode=to, reason=reason, actor=getpass.getuser(), at=SystemClock().now()
    )
    with book.transaction() as uow:
        done = set_mode(command, uow)
    print(f"{done.mode}{'' if done.changed else ' (as before)'}")
