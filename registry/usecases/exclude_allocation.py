"""Take an allocation made in error out of the counts of minimisation, from now on.

Draws that were made saw it, and are repeated with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.allocation import Randomisation
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.exclusion import Exclusion
from registry.domain.reason import expect_reason
from registry.domain.stratum import DOMAIN
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludeAllocation:
    """Whose allocation, in which domain, and why."""

    trial: str
    domain: str
    participant: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationExcluded:
    """The exclusion as it stands, and whether it is a new one."""

    exclusion: Exclusion
    changed: bool


def exclude_allocation(
    command: ExcludeAllocation, uow: UnitOfWork
) -> AllocationExcluded:
    """Exclude it once; waits for allocations under way.

    Raises `Refused` EMB-351 where the participant was not randomised there, EMB-374
    without a reason.
    """
    uow.audit.lock(site="", trial=command.trial)
    uow.protocols.hold(command.trial)
    drawn = uow.allocations.stored(
        trial=command.trial, domain=command.domain, participant=command.participant
    )
    if drawn is None:
        raise Refused(
            ErrorCode.UNKNOWN_PART,
            f"{command.participant} was not randomised in {command.domain}.",
            "See `ember query participants`.",
        )
    there = uow.allocations.exclusion(drawn.randomisation_id)
    if there is not None:
        return AllocationExcluded(exclusion=there, changed=False)
    expect_reason(command.reason)
    exclusion = _exclusion(command, drawn, uow)
    uow.allocations.exclude(exclusion)
    uow.audit.append(_entry(exclusion))
    return AllocationExcluded(exclusion=exclusion, changed=True)


def _exclusion(
    command: ExcludeAllocation, drawn: Randomisation, uow: UnitOfWork
) -> Exclusion:
    """Its domain is held, so the number that follows stands still."""
    return Exclusion(
        randomisation_id=drawn.randomisation_id,
        trial=drawn.trial,
        site=drawn.site,
        domain=drawn.domain,
        from_no=uow.allocations.next_no(
            trial=command.trial, domain=command.domain, stratum=DOMAIN
        ),
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )


def _entry(exclusion: Exclusion) -> AuditEntry:
    return AuditEntry(
        site=exclusion.site,
        trial=exclusion.trial,
        action=AuditAction.ALLOCATION_EXCLUDED,
        actor=exclusion.actor,
        at=exclusion.at,
        subject=exclusion.randomisation_id,
        detail={
            "record": record_digest(exclusion),
            "domain": exclusion.domain,
            "from_no": exclusion.from_no,
            "reason": exclusion.reason,
        },
    )
