"""People with roles, for tests of what they do by them.

Written below the act that hands out roles, which keeps apart what one person here has.
"""

from __future__ import annotations

from datetime import UTC, datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.roles import EVERYWHERE, Role, RoleGrant
from streams.vocabulary.ids import identity


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def let(registry, *people, roles=tuple(Role), site=EVERYWHERE):
    """Give these roles to these people in every trial, at every site or at one."""
    with registry.transaction() as uow:
        uow.audit.lock(site="", trial="")
        if not uow.role_grants.latest():
            write_grant(uow, "root", Role.SITE_ADMIN)
        for person in people:
            for role in roles:
                write_grant(uow, person, role, site=site)


def write_grant(uow, person, role, *, site=EVERYWHERE, trial=EVERYWHERE, at=LONG_AGO):
    """A grant on record and in the audit, whatever else the person is."""
    number = uow.role_grants.entries(person) + 1
    entry = identity("role_grant", person, str(number))
    grant = RoleGrant(
        grant_id=identity("role_grant", entry, "1"),
        entry=entry,
        revision=1,
        person=person,
        role=role,
        site=site,
        trial=trial,
        starts_at=at,
        ends_at=None,
        recorded_at=at,
        actor="root",
        reason="a test",
    )
    uow.role_grants.add(grant)
    uow.audit.append(
        AuditEntry(
            site="",
            trial="",
            action=AuditAction.ROLE_GRANTED,
            actor="root",
            at=at,
            subject=grant.grant_id,
            detail={"record": record_digest(grant)},
        )
    )
    return grant
