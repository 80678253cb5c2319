"""`ember intake`: what comes in, and what could not."""

from __future__ import annotations

import typer

from streams.app.intake.check import check


app = typer.Typer(
    name="intake",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="What comes in from the hospital, and what could not be read.",
)


@app.callback()
def intake() -> None:
    """What comes in from the hospital, and what could not be read."""


app.command()(check)
