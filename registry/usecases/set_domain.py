"""Open or close one domain of a trial, in one act that no allocation overtakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.usecases.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDomain:
    """Whether the domain recruits from now on, and why."""

    trial: str
    domain: str
    open: bool
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainSet:
    """Whether that changed anything."""

    changed: bool


def set_domain(command: SetDomain, uow: UnitOfWork) -> DomainSet:
    """Set it; waits for allocations under way, and none starts before it is done."""
    uow.audit.lock(site="", trial=command.trial)
    changed = uow.protocols.set_open(
        command.trial, command.domain, is_open=command.open
    )
    if changed:
        uow.audit.append(_entry(command))
    return DomainSet(changed=changed)


def _entry(command: SetDomain) -> AuditEntry:
    opened = AuditAction.DOMAIN_OPENED if command.open else AuditAction.DOMAIN_CLOSED
    return AuditEntry(
        site="",
        trial=command.trial,
        action=opened,
        actor=command.actor,
        at=command.at,
        subject=command.domain,
        detail={"reason": command.reason},
    )
