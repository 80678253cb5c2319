"""`ember envelope`: arms under a custodian's seal, for when the database is away too."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.exits import told_in_words
from registry.app.commands.options import ActorOption, RegistryOption, opened
from registry.app.commands.unblind import NoteOption, ReasonOption
from registry.app.envelope_files import (
    envelopes_in,
    note_opening,
    read_envelope,
    sealed,
    write_envelope,
)
from registry.app.unblinding import reason_of
from registry.store.custodians import read_custodian_key
from registry.usecases.seal_envelopes import SealEnvelopes, letters_to_seal


app = typer.Typer(
    help="Sealed arms for when the database is away.",
    no_args_is_help=True,
    add_completion=False,
)
KeyOption = Annotated[Path, typer.Option(help="The custodian's key file.")]


@app.command()
def make(
    trial: Annotated[str, typer.Option(help="The trial.")],
    key: KeyOption,
    out: Annotated[Path, typer.Option(help="The folder of the envelopes.")],
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Seal an envelope for each of a blinded domain who has none there yet.

    Run by the signer's user, with the signer's database role, after each day's draws;
    the key is kept by somebody who cannot reach the folder.
    """
    with told_in_words():
        sealing = read_custodian_key(key)
        command = SealEnvelopes(
            trial=trial,
            there=envelopes_in(out),
            actor=actor,
            at=SystemClock().now(),
        )
        with closing(opened(registry)) as book, book.transaction() as uow:
            letters = letters_to_seal(command, uow)
        for letter in letters:
            write_envelope(out, sealed(letter, sealing))
    print(
        f"{len(letters)} envelopes of {trial} sealed, {len(command.there)} were there."
    )


@app.command("open")
def open_(
    envelope: Annotated[Path, typer.Argument(help="The participant's file.")],
    key: KeyOption,
    actor: ActorOption,
    reason: ReasonOption = None,
    note: NoteOption = None,
    log: Annotated[
        Path | None,
        typer.Option(help="Where openings are noted. Default: beside the envelope."),
    ] = None,
) -> None:
    """Open one envelope, with nothing else at hand; who and why is noted first.

    When the registry is back: `ember unblind` with the same reason and note, so that it
    knows.
    """
    with told_in_words():
        code = reason_of(reason)
        found = read_envelope(envelope)
        arm = found.opened(read_custodian_key(key))
        noted = log or envelope.with_name("openings.jsonl")
        now = SystemClock().now()
        note_opening(noted, found, reason=code, note=note, actor=actor, at=now)
    print(f"{found.participant} in {found.domain}: {arm}")
    print(f"Noted in {noted}. When the registry is back, enter it: ember unblind.")
