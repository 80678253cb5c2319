"""Show the bytes of a dead letter; they may hold identifiers, so it is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.letter import Letter
from registry.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowLetter:
    """Which, to whom."""

    message_id: str
    """Or the beginning of it, where only one begins so."""
    actor: str
    at: datetime


def show_letter(command: ShowLetter, uow: UnitOfWork) -> Letter | None:
    """The letter; None where there is none, or several begin so."""
    found = uow.letters.one(command.message_id)
    if found is not None:
        uow.audit.append(
            AuditEntry(
                site="",
                trial="",
                action=AuditAction.LETTER_SHOWN,
                actor=command.actor,
                at=command.at,
                subject=found.message_id,
                detail={"place": found.place},
            )
        )
    return found
