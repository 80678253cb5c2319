"""Put on record who is shown blinded arms, before they are; the arms are no part of it."""

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


def look_at_arms(command: LookAtArms, uow: UnitOfWork) -> None:
    """One row a chain; of a look that found none, one in the whole registry's.

    Nothing is to be shown before this is committed.
    """
    looked = command.arms or {Place("", ""): 0}
    for place, number in sorted(looked.items()):
        uow.audit.append(
            AuditEntry(
                site=place.site,
                trial=place.trial,
                action=AuditAction.ARMS_SHOWN,
                actor=command.actor,
                at=command.at,
                subject=place.trial,
                detail={"arms": number},
            )
        )
