"""`ember identity`: who a pseudonym stands for; every look is audited."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.asking import at_their_sites, expect_at, opened_as
from registry.app.commands.options import ActorOption, RegistryOption, opened
from registry.domain.identity import Identifier
from registry.domain.roles import Surface
from registry.usecases.find_identity import FindIdentity, find_identity
from registry.usecases.one_person import merges_told
from registry.usecases.open_identity import OpenIdentity, open_identity
from registry.usecases.rotate_vault import RotateVault, rotate_vault
from streams.app.history.writing import writing
from streams.app.identity import configured_site, required_vault_sealer
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


app = typer.Typer(
    help="Who a pseudonym stands for.", no_args_is_help=True, add_completion=False
)

ReasonOption = Annotated[str, typer.Option(help="Why; it stays in the audit.")]
SiteOption = Annotated[
    str | None, typer.Option(help="The site. Default: the one of EMBER_SITE.")
]


@app.callback()
def identity() -> None:
    """Who a pseudonym stands for."""


@app.command(name="open")
def open_(
    pseudonym: Annotated[
        str, typer.Argument(help="As the registry names the patient.")
    ],
    reason: ReasonOption,
    actor: ActorOption,
    site: SiteOption = None,
    registry: RegistryOption = None,
) -> None:
    """Print the identifiers of a patient; the look is audited before it is answered."""
    command = OpenIdentity(
        site=_site(site),
        pseudonym=pseudonym,
        reason=_said(reason),
        actor=actor,
        at=SystemClock().now(),
    )
    seal = required_vault_sealer(os.environ)
    book = opened_as(registry, actor, Surface.IDENTIFIERS)
    with closing(book), book.transaction() as uow:
        expect_at(book, Surface.IDENTIFIERS, site=command.site)
        found = open_identity(command, uow, seal=seal)
    if not found:
        raise InputError(
            ErrorCode.UNKNOWN_PATIENT,
            f"The vault holds no identifier of {command.site}/{pseudonym}.",
            "Check the pseudonym and the site.",
        )
    for one in found:
        print(f"{one.authority}\t{one.value}")


@app.command()
def find(
    reason: ReasonOption,
    actor: ActorOption,
    authority: Annotated[
        str, typer.Option(help="Who assigned it, as the site's configuration says.")
    ] = "",
    registry: RegistryOption = None,
) -> None:
    """Print the pseudonym of the identifier on the standard input; it is audited.

    An identifier as an argument would stay in the shell's history.
    """
    if sys.stdin.isatty():
        print("Identifier: ", end="", file=sys.stderr, flush=True)
    value = sys.stdin.readline().strip()
    command = FindIdentity(
        identifier=Identifier(authority, value),
        reason=_said(reason),
        actor=actor,
        at=SystemClock().now(),
    )
    seal = required_vault_sealer(os.environ)
    book = opened_as(registry, actor, Surface.IDENTIFIERS)
    with closing(book), book.transaction() as uow:
        known = find_identity(command, uow, seal=seal)
        found = at_their_sites(book, Surface.IDENTIFIERS, known)
    if not found:
        raise InputError(
            ErrorCode.UNKNOWN_PATIENT,
            "The vault holds no such identifier.",
            "Check it, and its authority: `ember identity open` prints how they are "
            "written.",
        )
    for site, pseudonym in found:
        print(f"{site}\t{pseudonym}")


@app.command()
def rotate(actor: ActorOption, registry: RegistryOption = None) -> None:
    """Seal the vault under the newest key; interrupted, it goes on where it was."""
    seal, total = required_vault_sealer(os.environ), 0
    with closing(opened(registry)) as book:
        while True:
            command = RotateVault(actor=actor, at=SystemClock().now())
            with book.transaction() as uow:
                done = rotate_vault(command, uow, seal=seal)
            total += done
            if not done:
                break
    print(f"{total} identifiers were sealed under version {seal.key_version}.")


@app.command()
def known(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    site: SiteOption = None,
    registry: RegistryOption = None,
) -> None:
    """Write down who was named so far, before a newer key names; pseudonyms alone."""
    with closing(opened(registry)) as book, book.inspection() as uow:
        names = sorted(uow.vault.pseudonyms(_site(site)))
    with writing(out) as file:
        file.writelines(f"{name}\n" for name in names)
    print(f"{len(names)} names -> {out}", file=sys.stderr)


@app.command()
def merges(site: SiteOption = None, registry: RegistryOption = None) -> None:
    """List who is one person with whom; exit 1 where several of one take part."""
    with closing(opened(registry)) as book, book.inspection() as uow:
        told = merges_told(_site(site), uow)
    for one in told:
        print(one.in_words())
    if not told:
        print("Nobody was merged.")
    if any(one.conflicts for one in told):
        raise typer.Exit(1)


def _site(given: str | None) -> str:
    return given or configured_site(os.environ).site


def _said(reason: str) -> str:
    if not reason.strip():
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No reason is given.",
            "Say why the identity is needed: it stays in the audit.",
        )
    return reason.strip()
