"""Who draws: the signer where it has the keys to itself, else whoever has the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from registry.app.allocation_keys import signer_of
from registry.app.settings import signer_socket
from registry.signing.client import SignerClient
from registry.store.unit_of_work import Registry
from registry.usecases.randomise import NotRandomised, Randomise, Randomised, randomise
from streams.vocabulary.errors import ErrorCode, SettingsError


Draw: TypeAlias = Callable[[Randomise], Randomised | NotRandomised]
"""Gives the one allocation of a request, however often it is asked."""


@contextmanager
def drawing(
    book: Registry, trial: str, *, key: Path | None, environ: Mapping[str, str]
) -> Iterator[Draw]:
    """On PostgreSQL the signer at EMBER_SIGNER draws; on SQLite this process, by the key.

    Raises `SettingsError`: EMB-402 where PostgreSQL is used and no signer is named, or
    a key is given beside it; EMB-312 for a key that is not the one the trial was
    activated with.
    """
    if book.dialect == "postgresql":
        with closing(SignerClient(_socket(key, environ))) as client:
            yield client.randomise
        return
    signer = signer_of(book, trial, key, environ)

    def draw(command: Randomise) -> Randomised | NotRandomised:
        with book.transaction() as uow:
            return randomise(command, uow, signer=signer)

    yield draw


def _socket(key: Path | None, environ: Mapping[str, str]) -> Path:
    if key is not None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "On PostgreSQL nobody draws by a key of their own.",
            "Leave --key out: the signer at EMBER_SIGNER holds it.",
        )
    socket = signer_socket(environ)
    if socket is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No signer is named, and on PostgreSQL it alone draws.",
            "Set EMBER_SIGNER to its socket.",
        )
    return socket
