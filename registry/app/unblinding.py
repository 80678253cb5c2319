"""Whom to ask for an arm in an emergency: the signer, or the file itself on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from pydantic import TypeAdapter

from registry.app.obstacles import Hindrance
from registry.app.settings import registry_url, signer_sockets
from registry.domain.unblinding import REASONS, UnblindingReason
from registry.signing.client import SignerClient
from registry.signing.unblinding import unblinded
from registry.store.signers import CurrentSigners
from registry.store.unit_of_work import open_registry
from registry.usecases.break_blind import ArmShown, BlindKept, BreakBlind
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


Ask: TypeAlias = Callable[[BreakBlind], ArmShown | BlindKept]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblindTold:
    """What `ember unblind` did; its reader alone is to see it."""

    done: bool
    participant: str
    domain: str
    number: int | None
    """Of the times this blind was broken."""
    at: datetime | None
    arm: str | None
    """None where the blind is kept."""
    obstacles: tuple[Hindrance, ...] = ()


UNBLIND = TypeAdapter(UnblindTold)


def reason_of(code: str | None) -> UnblindingReason:
    """Raises `Refused` EMB-374, with the whole list, for what is none of its codes."""
    try:
        return UnblindingReason(code or "")
    except ValueError:
        told = (
            "No reason was given" if code is None else f"{code!r} is no reason's code"
        )
        raise Refused(
            ErrorCode.REASON_MISSING,
            f"{told}, and nothing was asked.",
            f"Again with --reason and one of: {reasons_in_words()}. More in --note.",
        ) from None


def reasons_in_words() -> str:
    """The closed list on one line."""
    return "; ".join(f"{code.value} ({words})" for code, words in REASONS.items())


@contextmanager
def asking(environ: Mapping[str, str], given: str | None) -> Iterator[Ask]:
    """Who answers: on PostgreSQL the signer at EMBER_SIGNER, and nothing else is opened.

    Raises `SettingsError` EMB-402 where PostgreSQL is used and no signer is named.
    """
    url, sockets = registry_url(environ, given), signer_sockets(environ)
    if url.startswith("sqlite") and (given or environ.get("EMBER_REGISTRY")):
        sockets = ()
    if sockets:
        with closing(SignerClient(*sockets)) as client:
            yield client.unblinded
        return
    if not url.startswith("sqlite"):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            "No signer is named, and on PostgreSQL it alone reads arms.",
            "Set EMBER_SIGNER to its socket; without it, open the sealed envelope.",
        )
    knows = authenticator(environ)
    with closing(open_registry(url)) as book:
        yield lambda command: unblinded(command, book, knows)


def authenticator(environ: Mapping[str, str]) -> CurrentSigners | None:
    """Who knows who is who; None where no file of signers is named.

    Raises `SettingsError` EMB-312 for a file that is not there or not closed.
    """
    named = environ.get("EMBER_SIGNERS")
    return CurrentSigners(Path(named)) if named else None
