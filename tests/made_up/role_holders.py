"""People with roles, for tests of what they do by them."""

from __future__ import annotations

from datetime import UTC, datetime

from registry.domain.roles import EVERYWHERE, Role
from registry.usecases.hand_out_roles import GrantRole, RoleKept, grant_role


LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def let(registry, *people, roles=tuple(Role), site=EVERYWHERE):
    """Give these roles to these people in every trial, at every site or at one."""
    with registry.transaction() as uow:
        if not uow.role_grants.latest():
            _give(uow, "root", Role.SITE_ADMIN)
        for person in people:
            for role in roles:
                _give(uow, person, role, site)


def _give(uow, person, role, site=EVERYWHERE):
    command = GrantRole(
        person=person,
        role=role,
        site=site,
        trial=EVERYWHERE,
        starts_at=LONG_AGO,
        reason="a test",
        actor="root",
        at=LONG_AGO,
    )
    done = grant_role(command, uow)
    assert isinstance(done, RoleKept), done
