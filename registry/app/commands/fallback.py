"""`ember fallback`: sealed lists on paper, and what was opened of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from pydantic import TypeAdapter

from registry.app.clocks import SystemClock
from registry.app.commands.asking import expect_allowed, expect_there, opened_as
from registry.app.commands.exits import FORBIDDEN, told_in_words
from registry.app.commands.naming import JsonOption
from registry.app.commands.options import ActorOption, RegistryOption, opened
from registry.app.fallback_files import read_opened, write_pages
from registry.app.settings import signer_sockets
from registry.domain.roles import Surface
from registry.signing.client import SignerClient
from registry.store.custodians import read_custodian_key
from registry.store.unit_of_work import Registry
from registry.usecases.enter_opening import (
    EnterOpening,
    OpeningEntered,
    OpeningRefused,
    enter_opening,
)
from registry.usecases.make_sealed_list import (
    MakeSealedList,
    SealedListRefused,
    make_sealed_list,
)
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


Enter: TypeAlias = Callable[[EnterOpening], OpeningEntered | OpeningRefused]

app = typer.Typer(
    help="Sealed lists for when the registry is down.",
    no_args_is_help=True,
    add_completion=False,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTold:
    """What became of one opened page; never its arm."""

    envelope: int
    participant: str
    randomised: bool
    repeated: bool
    """It was entered before; nothing was entered now."""
    code: str | None
    """Stable; None where nothing is to be looked at."""
    findings: tuple[str, ...]


PAGES = TypeAdapter(tuple[PageTold, ...])


@app.command()
def make(
    trial: Annotated[str, typer.Option(help="The trial.")],
    domain: Annotated[str, typer.Option(help="The domain.")],
    site: Annotated[str, typer.Option(help="The site that is to hold the list.")],
    first: Annotated[
        int, typer.Option("--from", help="Number of the first page.", min=1)
    ],
    count: Annotated[int, typer.Option(help="How many pages.", min=1)],
    key: Annotated[
        Path, typer.Option(help="The custodian's key file; never the signer's.")
    ],
    out: Annotated[
        Path, typer.Option(help="Where the pages are written, for the printer.")
    ],
    actor: ActorOption,
    registry: RegistryOption = None,
) -> None:
    """Reserve numbers, commit to the pages in the audit, and write them to be printed.

    The registry keeps no arm of it. Print, seal, hand to the custodian, and destroy the
    files; with the same key the same pages can be made again.
    """
    command = MakeSealedList(
        trial=trial,
        domain=domain,
        site=site,
        first_no=first,
        count=count,
        key=read_custodian_key(key),
        actor=actor,
        at=SystemClock().now(),
    )
    with told_in_words():
        expect_allowed(
            registry, actor, Surface.MAKE_SEALED_LISTS, trial=trial, site=site
        )
        with closing(opened(registry)) as book, book.transaction() as uow:
            done = make_sealed_list(command, uow)
        if isinstance(done, SealedListRefused):
            named = done.obstacle.name.replace("_", " ")
            raise Refused(done.obstacle.code, f"No list was made: {named}.")
        manifest = write_pages(out, done.sealed, done.pages)
    told = "as before" if done.repeated else "its commitment is in the audit"
    numbers = f"{done.sealed.first_no} to {done.sealed.last_no}"
    print(f"{done.sealed.list_id}: pages {numbers} of {domain} at {site}; {told}.")
    print(f"Manifest: {manifest}")


@app.command()
def backfill(
    file: Annotated[Path, typer.Argument(help="What was opened, in YAML.")],
    actor: ActorOption,
    registry: RegistryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Enter the pages that were opened in an outage; again, it enters nothing twice.

    Exit 1 where anything does not fit: it is on record by name, with whatever was told.
    """
    with told_in_words():
        commands = read_opened(file).commands(actor=actor, at=SystemClock().now())
        with (
            closing(opened_as(registry, actor, Surface.RANDOMISE)) as book,
            entering(book, os.environ) as enter,
        ):
            _expect_theirs(book, commands)
            told = tuple(_told(command, enter(command)) for command in commands)
    if as_json:
        print(PAGES.dump_json(told).decode())
    else:
        for page in told:
            print(_words(page))
    if any(page.findings for page in told):
        raise typer.Exit(FORBIDDEN)


def _expect_theirs(book: Registry, commands: Sequence[EnterOpening]) -> None:
    """Lists that nobody knows are left to be told as what they are.

    A list of elsewhere is looked at all the same, or it would pass for unknown.
    """
    with book.transaction() as uow:
        found = [uow.sealed_lists.one(name) for name in {c.list_id for c in commands}]
    for one in found:
        if one is not None:
            expect_there(book, Surface.RANDOMISE, site=one.site, trial=one.trial)


@contextmanager
def entering(book: Registry, environ: Mapping[str, str]) -> Iterator[Enter]:
    """On PostgreSQL the signer enters, who alone writes arms; else this process.

    Raises `SettingsError` EMB-402 where PostgreSQL is used and no signer is named.
    """
    if book.dialect == "postgresql":
        sockets = signer_sockets(environ)
        if not sockets:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                "No signer is named, and on PostgreSQL it alone writes arms.",
                "Set EMBER_SIGNER to its socket.",
            )
        with closing(SignerClient(*sockets)) as client:
            yield client.entered
        return

    def enter(command: EnterOpening) -> OpeningEntered | OpeningRefused:
        with book.transaction() as uow:
            return enter_opening(command, uow)

    yield enter


def _told(command: EnterOpening, done: OpeningEntered | OpeningRefused) -> PageTold:
    if isinstance(done, OpeningRefused):
        raise Refused(
            done.obstacle.code,
            f"There is no sealed list {command.list_id}.",
            "Its name is printed on each page.",
        )
    opening = done.opening
    return PageTold(
        envelope=opening.envelope,
        participant=opening.participant,
        randomised=opening.randomisation_id is not None,
        repeated=done.repeated,
        code=ErrorCode.SEALED_PAGE.value if opening.findings else None,
        findings=opening.findings,
    )


def _words(page: PageTold) -> str:
    entered = "is entered" if page.randomised else "is NOT entered, but kept"
    before = " (as before)" if page.repeated else ""
    found = ", ".join(name.replace("_", " ") for name in page.findings)
    look = f"; {page.code}: {found}" if found else ""
    return f"page {page.envelope}: {page.participant} {entered}{before}{look}."
