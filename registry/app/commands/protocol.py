"""`ember protocol`: put a trial's protocol into force, or run it over history."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption, opened
from registry.app.trials import activate as put_into_force
from registry.domain.randomisation.signer import KeyedSigner
from streams.app.backtest.command import backtest
from streams.app.protocols import DEMONSTRATION, shipped_protocol
from streams.clinical.criteria.loading import load_protocol
from streams.vocabulary.errors import ErrorCode, SettingsError
from streams.vocabulary.protocol import Protocol


_KEY_BYTES = 32

app = typer.Typer(help="Trial protocols.", no_args_is_help=True, add_completion=False)
app.command()(backtest)


@app.callback()
def protocol() -> None:
    """Trial protocols."""


@app.command()
def activate(
    document: Annotated[
        str, typer.Argument(help=f"A protocol's YAML file, or {DEMONSTRATION}.")
    ],
    key: Annotated[
        Path,
        typer.Option(help="The file with the trial's allocation key: 32 random bytes."),
    ],
    registry: RegistryOption = None,
) -> None:
    """Put a version into force, here and, by the relay, in every worker.

    The key's commitment goes into the audit; the key itself is written nowhere.
    """
    read, secret = _read(document), _key(key)
    put_into_force(
        read,
        opened(registry),
        signer=KeyedSigner({read.id: secret}),
        actor=getpass.getuser(),
        at=SystemClock().now(),
    )
    print(f"{read.id} {read.version} is in force ({read.digest[:12]}).")


def _read(document: str) -> Protocol:
    if document == DEMONSTRATION:
        return shipped_protocol(document)
    try:
        return load_protocol(Path(document).read_text("utf-8"))
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"The protocol {document} cannot be read ({fault.strerror}).",
            f"Name a YAML file, or {DEMONSTRATION}.",
        ) from None


def _key(path: Path) -> bytes:
    try:
        key = path.read_bytes()
    except OSError as fault:
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            f"The allocation key {path} cannot be read ({fault.strerror}).",
            "Make one, `openssl rand 32 > FILE`, where the trial's staff cannot read.",
        ) from None
    if len(key) < _KEY_BYTES:
        raise SettingsError(
            ErrorCode.SECRET_MISSING,
            f"The allocation key {path} has {len(key)} bytes, fewer than {_KEY_BYTES}.",
            "Make one with `openssl rand 32 > FILE`.",
        )
    return key
