"""`ember keys`: the key files of a site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.adapters.identity.keys import make_key


app = typer.Typer(
    help="The key files of a site.", no_args_is_help=True, add_completion=False
)


@app.callback()
def keys() -> None:
    """The key files of a site."""


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="The file to make; it must not exist.")],
) -> None:
    """Make a new random key, readable by its owner alone (mode 0600)."""
    make_key(file)
    print(f"A new key lies in {file}: keep a copy apart.", file=sys.stderr)
