"""Options of a moment: one way to write it, whatever the command."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import typer

from registry.app.commands.exits import told_in_words
from streams.app.moments import AS_WRITTEN, moment_of


def when(option: str, about: str, *, otherwise: str = "") -> Any:  # noqa: ANN401 - typer's
    """An option of a moment, read where it is written; exit status 2 where it is none.

    `otherwise` tells what holds without it.
    """

    def read(written: str) -> datetime:
        with told_in_words():
            return moment_of(written, option)

    without = f"; without it, {otherwise}" if otherwise else ""
    return typer.Option(
        option, metavar="TIME", parser=read, help=f"{about}, {AS_WRITTEN}{without}."
    )
