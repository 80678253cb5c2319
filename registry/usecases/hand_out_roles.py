"""Grant a role to somebody at a place, or take it back.

The first grant makes a site admin of everything: who can open the registry alone may
give it. From then on a site admin gives roles, within their own places and to others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.reason import is_name, is_reason
from registry.domain.role_matrix import places_of
from registry.domain.roles import (
    EVERYWHERE,
    Place,
    Role,
    RoleGrant,
    Surface,
    person_at,
    undo,
)
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRole:
    """Which role to whom, where, from when, and until when if that is known."""

    person: str
    role: Role
    site: str
    """Or `EVERYWHERE`; empty is refused."""
    trial: str
    """Or `EVERYWHERE`; empty is refused."""
    starts_at: datetime
    ends_at: datetime | None = None
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeRole:
    """Which grant ends at once, and why."""

    entry: str
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleKept:
    """The grant as it stands."""

    grant: RoleGrant


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleRefused:
    """Nothing changed."""

    obstacle: Obstacle


def grant_role(command: GrantRole, uow: UnitOfWork) -> RoleKept | RoleRefused:
    """Append a grant; it never begins in the past, so nobody could always have been it.

    Roles that undo each other are refused to one person in one trial.
    """
    uow.audit.lock(site="", trial="")
    place = Place(command.site, command.trial)
    grants = uow.role_grants.latest()
    fault = _fault(command) or (
        _not_theirs(grants, command.actor, place, command.at, to=command.person)
        if uow.role_grants.entries()
        else _not_the_first(command.role, place)
    )
    if fault is not None:
        return fault
    grant = _granted(command, uow.role_grants.entries(command.person) + 1)
    return _undone(grant, grants) or _kept(grant, uow)


def revoke_role(command: RevokeRole, uow: UnitOfWork) -> RoleKept | RoleRefused:
    """End a grant now; what was done while it stood stays done.

    A grant there is none of is refused as one of elsewhere to who does not rule all.
    The last site admin of everything stays: without one nobody could be given a role.
    """
    uow.audit.lock(site="", trial="")
    if not is_reason(command.reason):
        return _without_reason()
    grants = uow.role_grants.latest()
    before = next((one for one in grants if one.entry == command.entry), None)
    place = Place(EVERYWHERE, EVERYWHERE) if before is None else before.place
    fault = _not_theirs(grants, command.actor, place, command.at)
    if fault is not None:
        return fault
    if before is None:
        return _refused("no_such_grant")
    if before.ends_at is not None and before.ends_at <= command.at:
        return _refused("has_ended")
    others = (one for one in grants if one.entry != command.entry)
    if _rules_all(before) and not any(
        _rules_all(one) and one.ends_at is None and one.holds(command.at)
        for one in others
    ):
        return _refused("last_site_admin")
    revision = before.revision + 1
    return _kept(
        replace(
            before,
            grant_id=identity("role_grant", before.entry, str(revision)),
            revision=revision,
            ends_at=max(command.at, before.starts_at),
            recorded_at=command.at,
            actor=command.actor,
            reason=command.reason,
        ),
        uow,
    )


def _granted(command: GrantRole, number: int) -> RoleGrant:
    """`number`: of the grant among all that the person was ever given."""
    entry = identity("role_grant", command.person, str(number))
    return RoleGrant(
        grant_id=identity("role_grant", entry, "1"),
        entry=entry,
        revision=1,
        person=command.person,
        role=command.role,
        site=command.site,
        trial=command.trial,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        recorded_at=command.at,
        actor=command.actor,
        reason=command.reason,
    )


def _undone(grant: RoleGrant, grants: tuple[RoleGrant, ...]) -> RoleRefused | None:
    """Why what the person is, or was, leaves no room for it; None where it does.

    Which role that is, and where, is not told: it may be of a place not the granter's.
    """
    if not any(undo(grant, one) for one in grants):
        return None
    return RoleRefused(obstacle=Obstacle(ErrorCode.ROLES_APART, "undoes_a_role"))


def _fault(command: GrantRole) -> RoleRefused | None:
    if not is_reason(command.reason):
        return _without_reason()
    if not all(map(is_name, (command.person, command.site, command.trial))):
        return _refused("no_place_or_person")
    if command.starts_at < command.at:
        return _refused("begins_in_the_past")
    if command.ends_at is not None and command.ends_at <= command.starts_at:
        return _refused("ends_before_it_begins")
    return None


def _not_the_first(role: Role, place: Place) -> RoleRefused | None:
    """Why a registry without roles cannot begin with this one; None where it can."""
    everything = place == Place(EVERYWHERE, EVERYWHERE)
    if role is Role.SITE_ADMIN and everything:
        return None
    return _refused("first_is_a_site_admin_of_everything")


def _not_theirs(
    grants: tuple[RoleGrant, ...],
    actor: str,
    place: Place,
    at: datetime,
    *,
    to: str | None = None,
) -> RoleRefused | None:
    """Why this actor may not hand out or take a role there; None where they may."""
    if to == actor:
        return _refused("to_oneself")
    theirs = places_of(person_at(actor, grants, at), Surface.HAND_OUT_ROLES)
    if any(own.holds(place) for own in theirs):
        return None
    return RoleRefused(
        obstacle=Obstacle(ErrorCode.NOT_THIS_ROLE, "no_site_admin_there")
    )


def _rules_all(grant: RoleGrant) -> bool:
    everything = Place(EVERYWHERE, EVERYWHERE)
    return grant.role is Role.SITE_ADMIN and grant.place == everything


def _kept(grant: RoleGrant, uow: UnitOfWork) -> RoleKept:
    uow.role_grants.add(grant)
    granted = grant.revision == 1
    ends = grant.ends_at
    uow.audit.append(
        AuditEntry(
            site="",
            trial="",
            action=AuditAction.ROLE_GRANTED if granted else AuditAction.ROLE_REVOKED,
            actor=grant.actor,
            at=grant.recorded_at,
            subject=grant.grant_id,
            detail={
                "record": record_digest(grant),
                "entry": grant.entry,
                "person": grant.person,
                "role": grant.role.value,
                "site": grant.site,
                "trial": grant.trial,
                "starts_at": grant.starts_at.isoformat(),
                "ends_at": None if ends is None else ends.isoformat(),
                "reason": grant.reason,
            },
        )
    )
    return RoleKept(grant=grant)


def _without_reason() -> RoleRefused:
    return RoleRefused(
        obstacle=Obstacle(ErrorCode.REASON_MISSING, "no_reason_for_change")
    )


def _refused(name: str) -> RoleRefused:
    return RoleRefused(obstacle=Obstacle(ErrorCode.ROLE_STEP, name))
