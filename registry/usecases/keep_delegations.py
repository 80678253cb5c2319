"""Keep the delegation log of a trial at a site: add an entry, or end one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.delegation import Delegation, Duty
from registry.domain.enrolment import Obstacle
from registry.domain.reason import is_name, is_reason
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class AddDelegation:
    """What is delegated to whom, from when, and until when if that is known."""

    trial: str
    site: str
    person: str
    duties: tuple[Duty, ...]
    starts_at: datetime
    ends_at: datetime | None = None
    reason: str | None = None
    actor: str
    """By whom."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDelegation:
    """Which entry ends, and when."""

    trial: str
    site: str
    entry: str
    ends_at: datetime
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationKept:
    """The entry as it stands."""

    delegation: Delegation


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRefused:
    """Nothing changed."""

    obstacle: Obstacle


def add_delegation(
    command: AddDelegation, uow: UnitOfWork
) -> DelegationKept | DelegationRefused:
    """Append an entry; it may begin earlier, but signs nothing after the fact."""
    uow.audit.lock(site=command.site, trial=command.trial)
    if not all(map(is_name, (command.person, command.site, command.trial))):
        return _refused("no_place_or_person")
    if not command.duties:
        return _refused("no_duty")
    if command.ends_at is not None and command.ends_at <= command.starts_at:
        return _refused("ends_before_it_begins")
    before = uow.delegations.latest(trial=command.trial, site=command.site)
    place = (command.trial, command.site, str(len(before) + 1))
    entry = identity("delegation", *place)
    return _kept(
        Delegation(
            delegation_id=identity("delegation", *place, "1"),
            entry=entry,
            revision=1,
            site=command.site,
            trial=command.trial,
            person=command.person,
            duties=tuple(sorted(set(command.duties))),
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            recorded_at=command.at,
            actor=command.actor,
            reason=command.reason,
        ),
        uow,
    )


def end_delegation(
    command: EndDelegation, uow: UnitOfWork
) -> DelegationKept | DelegationRefused:
    """Append the entry's end; an end that was set may be brought forward, never back.

    What was signed while it stood stays signed.
    """
    uow.audit.lock(site=command.site, trial=command.trial)
    if not is_reason(command.reason):
        return DelegationRefused(
            obstacle=Obstacle(ErrorCode.REASON_MISSING, "no_reason_for_change")
        )
    log = uow.delegations.latest(trial=command.trial, site=command.site)
    before = next((one for one in log if one.entry == command.entry), None)
    if before is None:
        return _refused("no_such_entry")
    if command.ends_at < before.starts_at:
        return _refused("ends_before_it_begins")
    if before.ends_at is not None and before.ends_at <= command.ends_at:
        return _refused("has_ended")
    revision = before.revision + 1
    return _kept(
        replace(
            before,
            delegation_id=identity("delegation", before.entry, str(revision)),
            revision=revision,
            ends_at=command.ends_at,
            recorded_at=command.at,
            actor=command.actor,
            reason=command.reason,
        ),
        uow,
    )


def _kept(delegation: Delegation, uow: UnitOfWork) -> DelegationKept:
    uow.delegations.add(delegation)
    added = delegation.revision == 1
    ends = delegation.ends_at
    uow.audit.append(
        AuditEntry(
            site=delegation.site,
            trial=delegation.trial,
            action=AuditAction.DELEGATED if added else AuditAction.DELEGATION_ENDED,
            actor=delegation.actor,
            at=delegation.recorded_at,
            subject=delegation.delegation_id,
            detail={
                "record": record_digest(delegation),
                "entry": delegation.entry,
                "person": delegation.person,
                "duties": list(delegation.duties),
                "starts_at": delegation.starts_at.isoformat(),
                "ends_at": None if ends is None else ends.isoformat(),
                "reason": delegation.reason,
            },
        )
    )
    return DelegationKept(delegation=delegation)


def _refused(name: str) -> DelegationRefused:
    return DelegationRefused(obstacle=Obstacle(ErrorCode.DELEGATION_STEP, name))
