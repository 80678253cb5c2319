"""`ember fhir`: what a FHIR server must be given, and what it says of itself."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer
from joserfc import jwk

from streams.app.fhir.connection import connected, fhir_settings
from streams.vocabulary.errors import ErrorCode, SettingsError


app = typer.Typer(
    help="A FHIR server as a source: Ember's key there, whether it lets Ember in.",
    no_args_is_help=True,
    add_completion=False,
)


@app.command()
def key(
    out: Annotated[Path, typer.Argument(help="The file of the private key.")],
) -> None:
    """Make Ember's key (ES384), and print its public half for the server (JWKS)."""
    made = jwk.ECKey.generate_key("P-384", auto_kid=True)
    try:
        handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(made.as_dict(private=True), file)
            file.flush()
            os.fsync(file.fileno())
    except OSError as fault:
        raise SettingsError(
            ErrorCode.PATH_NOT_FOUND,
            f"No key can be written to {out} ({fault.strerror}).",
            "Name a file that is not there, in a folder that is.",
        ) from None
    public = made.as_dict(private=False) | {"use": "sig", "alg": "ES384"}
    print(json.dumps({"keys": [public]}, indent=2))


@app.command()
def check(
    url: Annotated[
        str | None, typer.Argument(help="Its base address; else EMBER_FHIR.")
    ] = None,
) -> None:
    """Ask the server for a token and for its statement of what it can."""
    settings = fhir_settings(os.environ, url)

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return False

    with connected(settings, wait) as server:
        said = json.loads(
            server.get(f"{server.base}/metadata", "its capability statement")
        )
        granted = server.tokens.granted if server.tokens else 0
    version = said.get("fhirVersion") if isinstance(said, dict) else None
    token = "gave a token" if granted else "asked for no token"
    print(f"It answers, speaks FHIR {version or '(unsaid)'} and {token}.")
