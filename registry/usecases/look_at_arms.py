"""Put on record who is shown blinded arms, or stock by arm, before they are.

The arms are no part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.roles import Place
from registry.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtArms:
    """To whom they are shown, and how many of each site and trial."""

    arms: Mapping[Place, int]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAtStock:
    """To whom stock is shown by arm, and how many kits of each place, of all arms."""

    kits: Mapping[Place, int]
    actor: str
    at: datetime


def look_at_arms(command: LookAtArms | LookAtStock, uow: UnitOfWork) -> None:
    """One row a chain; of a look that found none, one in the whole registry's.

    Nothing is to be shown before this is committed.
    """
    if isinstance(command, LookAtStock):
        action, what, looked = AuditAction.STOCK_SHOWN, "kits", command.kits
    else:
        action, what, looked = AuditAction.ARMS_SHOWN, "arms", command.arms
    for place, number in sorted((looked or {Place("", ""): 0}).items()):
        uow.audit.append(
            AuditEntry(
                site=place.site,
                trial=place.trial,
                action=action,
                actor=command.actor,
                at=command.at,
                subject=place.trial,
                detail={what: number},
            )
        )
