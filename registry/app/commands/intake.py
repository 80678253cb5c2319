"""`ember intake`: what came in, and what could not be used."""

from __future__ import annotations

import typer

from registry.app.commands.rejected import app as rejected


app = typer.Typer(help="What came in, and what could not be used.")
app.add_typer(rejected, name="rejected")


@app.callback()
def intake() -> None:
    """What came in, and what could not be used."""
