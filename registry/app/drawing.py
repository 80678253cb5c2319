"""Who draws, and who reveals: the signer where it has the keys to itself, else whoever has the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from registry.app.allocation_keys import signer_of
from registry.app.settings import signer_sockets
from registry.domain.kit import Kit
from registry.domain.randomisation.signer import Signer
from registry.signing.client import SignerClient
from registry.store.unit_of_work import Registry
from registry.usecases.import_kits import (
    ImportKits,
    KitListRefused,
    KitsImported,
    import_kits,
)
from registry.usecases.move_kit import MoveKit, move_kits
from registry.usecases.randomise import NotRandomised, Randomise, Randomised, randomise
from registry.usecases.randomise_domains import (
    AnsweredDomains,
    RandomiseDomains,
    randomise_domains,
)
from registry.usecases.replace_kit import KitReplaced, ReplaceKit, replace_kit
from registry.usecases.reveal_arm import (
    NotRevealed,
    RevealArm,
    Revealed,
    reveal_arm,
)
from streams.vocabulary.errors import ErrorCode, SettingsError


class Drawing(Protocol):
    """Gives the one allocation of a request, however often it is asked."""

    def randomise(self, command: Randomise) -> Randomised | NotRandomised:
        """In one domain."""
        ...

    def randomise_domains(self, command: RandomiseDomains) -> AnsweredDomains:
        """In several, with an answer for each."""
        ...

    def import_kits(self, command: ImportKits) -> KitsImported | KitListRefused:
        """Keep a list of kits, with what they hold."""
        ...

    def move_kits(self, commands: Iterable[MoveKit]) -> tuple[Kit, ...]:
        """Receive, hand out, take back or set aside: all of them or none."""
        ...

    def replace_kit(self, command: ReplaceKit) -> KitReplaced:
        """Reserve another of the same contents."""
        ...

    def reveal_arm(self, command: RevealArm) -> Revealed | NotRevealed:
        """Tell an arm whose telling was deferred."""
        ...


class _InProcess:
    """Draws by a key of its own."""

    def __init__(self, book: Registry, signer: Signer) -> None:
        self._book = book
        self._signer = signer

    def randomise(self, command: Randomise) -> Randomised | NotRandomised:
        with self._book.transaction() as uow:
            return randomise(command, uow, signer=self._signer)

    def randomise_domains(self, command: RandomiseDomains) -> AnsweredDomains:
        with self._book.transaction() as uow:
            return randomise_domains(command, uow, signer=self._signer)

    def import_kits(self, command: ImportKits) -> KitsImported | KitListRefused:
        with self._book.transaction() as uow:
            return import_kits(command, uow, signer=self._signer)

    def move_kits(self, commands: Iterable[MoveKit]) -> tuple[Kit, ...]:
        with self._book.transaction() as uow:
            return move_kits(commands, uow)

    def replace_kit(self, command: ReplaceKit) -> KitReplaced:
        with self._book.transaction() as uow:
            return replace_kit(command, uow, signer=self._signer)

    def reveal_arm(self, command: RevealArm) -> Revealed | NotRevealed:
        with self._book.transaction() as uow:
            return reveal_arm(command, uow)


@contextmanager
def drawing(
    book: Registry, trial: str, *, key: Path | None, environ: Mapping[str, str]
) -> Iterator[Drawing]:
    """On PostgreSQL the signer at EMBER_SIGNER draws; on SQLite this process, by the key.

    Raises `SettingsError`: EMB-402 where PostgreSQL is used and no signer is named, or
    a key is given beside it; EMB-312 for a key that is not the one the trial was
    activated with.
    """
    if book.dialect == "postgresql":
        with closing(SignerClient(*_sockets(key, environ))) as client:
            yield client
        return
    yield _InProcess(book, signer_of(book, trial, key, environ))


def _sockets(key: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    if key is not None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "On PostgreSQL nobody draws by a key of their own.",
            "Leave --key out: the signer at EMBER_SIGNER holds it.",
        )
    sockets = signer_sockets(environ)
    if not sockets:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No signer is named, and on PostgreSQL it alone draws.",
            "Set EMBER_SIGNER to its socket.",
        )
    return sockets
