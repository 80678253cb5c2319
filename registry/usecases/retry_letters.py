"""Send dead letters again, after a map or a reader was mended.

They go where they came from, byte for byte: what is told of them has the identity it
would have had, so that a letter sent twice takes effect once.
It is noted after the broker has them; a crash between sends them once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.letter import Letter, why_not_again
from registry.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLetters:
    """Which, by whom."""

    letters: Sequence[Letter]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LettersRetried:
    """What went out again, and what could not."""

    sent: tuple[Letter, ...]
    kept: tuple[tuple[Letter, str], ...]
    """Each with why it cannot be sent."""


def retry_letters(
    command: RetryLetters, uow: UnitOfWork, *, send: Callable[[Sequence[Letter]], None]
) -> LettersRetried:
    """Send them and note it; `send` returns once the broker has all of them."""
    judged = [(letter, why_not_again(letter)) for letter in command.letters]
    sent = tuple(letter for letter, why in judged if why is None)
    kept = tuple((letter, why) for letter, why in judged if why is not None)
    if sent:
        send(sent)
        for letter in sent:
            uow.letters.note_retry(letter.message_id, command.at)
        uow.audit.append(
            AuditEntry(
                site="",
                trial="",
                action=AuditAction.LETTERS_RETRIED,
                actor=command.actor,
                at=command.at,
                subject=sent[0].message_id if len(sent) == 1 else "",
                detail={"letters": len(sent)},
            )
        )
    return LettersRetried(sent, kept)
