"""`ember signer`: the one process that holds the allocation keys, until stopped."""

from __future__ import annotations

import os
import resource
from typing import Annotated

import typer

from registry.app.clocks import SystemClock
from registry.app.commands.options import RegistryOption
from registry.app.settings import SignerSettings, registry_url, signer_settings
from registry.app.unblinding import authenticator
from registry.app.waiting import registry_awaited
from registry.app.watching import SignerGauges
from registry.signing.desk import Desk
from registry.signing.server import SignerServer
from registry.signing.timely import OwnClock
from registry.store.key_stores import KeptSigner
from registry.store.keys import read_or_make_keys
from registry.store.unit_of_work import Registry
from streams.app.observe.process import Process
from streams.app.settings import process_settings
from streams.vocabulary.errors import ErrorCode, SettingsError


def signer(
    registry: RegistryOption = None,
    add_key: Annotated[
        str | None,
        typer.Option(
            metavar="TRIAL",
            help="Make a key for this trial in the key file, where it has none, and end.",
        ),
    ] = None,
) -> None:
    """Randomise for all others, who ask on its socket; it alone reads and writes arms.

    It connects as a role of its own, and may be killed at any moment: who asks again
    gets what was allocated. Its memory is kept out of core dumps.
    """
    settings = signer_settings(os.environ)
    if add_key is not None:
        _add_key(settings, add_key)
        return
    _without_core_dumps()
    with Process("signer", process_settings(os.environ)) as process:
        keys = KeptSigner(settings.store())
        url = registry_url(os.environ, registry)
        book = registry_awaited(url, process, pool_size=settings.places)
        if book is None:
            return
        try:
            _check(book)
            desk = Desk(
                book,
                keys,
                places=settings.places,
                watch=SignerGauges(process),
                own_clock=OwnClock(SystemClock().now, settings.tolerance),
                authenticator=authenticator(os.environ),
            )
            _serve(SignerServer(settings.socket, desk), book, process)
        finally:
            book.close()


def _serve(server: SignerServer, book: Registry, process: Process) -> None:
    process.checks.add("registry", book.answers)
    process.checks.add("socket", server.alive)
    with server:
        process.ready()
        while not process.wait(1.0):
            process.heartbeat.beat()


def _check(book: Registry) -> None:
    """Raises `SettingsError` EMB-402 where there is nothing to keep apart, or no right."""
    if book.dialect != "postgresql":
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "A signer of its own keeps nothing apart on SQLite: one file holds all.",
            "Use PostgreSQL, or randomise in the process that has the file.",
        )
    with book.inspection() as uow:
        may = uow.allocations.may_read_arms()
    if not may:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "The signer's database role may not read the arms.",
            "Run `ember migrate --roles`, and make its login a member of ember_signer.",
        )


def _add_key(settings: SignerSettings, trial: str) -> None:
    if settings.key_file is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "Keys that a program gives are made where it has them from.",
            "Set EMBER_SIGNER_KEYS to the key file.",
        )
    keys = read_or_make_keys(settings.key_file, (trial,))
    print(f"{trial}: {keys.commitment(trial)}")


def _without_core_dumps() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
