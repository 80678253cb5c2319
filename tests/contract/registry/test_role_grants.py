"""Roles are granted and revoked, on record, and never by who is to have them."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from made_up.role_holders import LONG_AGO
from typer.testing import CliRunner

from registry.app.commands import audit
from registry.app.commands.asking import asking
from registry.domain.mode import Mode
from registry.domain.roles import EVERYWHERE, Role
from registry.usecases.hand_out_roles import (
    GrantRole,
    RevokeRole,
    RoleKept,
    grant_role,
    revoke_role,
)
from registry.usecases.set_mode import SetMode, set_mode
from registry.usecases.verify_audit import verify_audit
from streams.vocabulary.errors import ErrorCode, Refused


LATER = LONG_AGO + timedelta(days=1)


@pytest.fixture
def give(registry):
    def grant(
        person, role, *, site="A", trial="TIDE", actor="root", at=LONG_AGO, **more
    ):
        told = {"starts_at": at, "reason": "a test", **more}
        command = GrantRole(
            person=person,
            role=Role(role),
            site=site,
            trial=trial,
            actor=actor,
            at=at,
            **told,
        )
        with registry.transaction() as uow:
            done = grant_role(command, uow)
        return done.grant if isinstance(done, RoleKept) else done.obstacle.name

    return grant


@pytest.fixture
def take(registry):
    def revoke(grant, *, actor="root", at=LATER, reason="left"):
        command = RevokeRole(entry=grant.entry, reason=reason, actor=actor, at=at)
        with registry.transaction() as uow:
            done = revoke_role(command, uow)
        return done.grant if isinstance(done, RoleKept) else done.obstacle.name

    return revoke


@pytest.fixture
def spoil(registry, tamper):
    """Make the role of a grant one that there is not."""

    def spoiled(grant):
        if registry.dialect == "postgresql":
            tamper("ALTER TABLE role_grant DROP CONSTRAINT ck_role_grant_role")
        tamper(
            f"UPDATE role_grant SET role = 'queen' WHERE grant_id = '{grant.grant_id}'"
        )

    return spoiled


@pytest.fixture
def root(give):
    return give("root", "site_admin", site=EVERYWHERE, trial=EVERYWHERE, actor="owner")


def stands(registry, at=LATER):
    with registry.inspection() as uow:
        grants = uow.role_grants.latest()
    return {(g.person, g.role.value, g.site, g.trial) for g in grants if g.holds(at)}


@pytest.mark.parametrize(
    ("role", "site"), [("coordinator", EVERYWHERE), ("site_admin", "A")]
)
def test_the_first_role_is_a_site_admin_of_everything(give, role, site):
    refused = give("anybody", role, site=site, trial=EVERYWHERE)

    assert refused == "first_is_a_site_admin_of_everything"


@pytest.mark.usefixtures("root")
def test_a_role_holds_from_its_grant_to_its_revocation(registry, give, take):
    grant = give("ada", "monitor")
    assert ("ada", "monitor", "A", "TIDE") in stands(registry)

    assert take(grant).ends_at == LATER

    assert ("ada", "monitor", "A", "TIDE") not in stands(registry)
    assert ("ada", "monitor", "A", "TIDE") in stands(registry, LONG_AGO)
    assert take(grant) == "has_ended"


@pytest.mark.usefixtures("root")
def test_a_site_admin_hands_out_roles_within_their_own_place_alone(give):
    give("local", "site_admin")

    assert give("ada", "monitor", actor="local").person == "ada"
    for elsewhere in ({"site": "B"}, {"trial": "WAVE"}, {"site": EVERYWHERE}):
        refused = give("ada", "monitor", actor="local", **elsewhere)
        assert refused == "no_site_admin_there"
    assert give("ada", "monitor", actor="ada") == "to_oneself"
    assert give("ada", "dsmb", actor="nobody") == "no_site_admin_there"


@pytest.mark.usefixtures("root")
def test_nobody_makes_themselves_more_than_they_are(give):
    assert give("root", "dsmb") == "to_oneself"


@pytest.mark.usefixtures("root")
@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"site": ""}, "no_place_or_person"),
        ({"trial": " "}, "no_place_or_person"),
        ({"site": " A"}, "no_place_or_person"),
        ({"reason": " "}, "no_reason_for_change"),
        ({"starts_at": LONG_AGO - timedelta(seconds=1)}, "begins_in_the_past"),
        ({"ends_at": LONG_AGO}, "ends_before_it_begins"),
    ],
)
def test_what_is_no_grant_is_refused(give, told, why):
    """No place is nowhere, never everywhere."""
    assert give("ada", "monitor", **told) == why


def test_the_last_site_admin_of_everything_stays(registry, give, take, root):
    assert take(root) == "last_site_admin"
    give("other", "site_admin", site=EVERYWHERE, trial=EVERYWHERE)

    assert take(root, actor="other").ends_at == LATER
    assert "root" not in {person for person, *_ in stands(registry)}


@pytest.mark.usefixtures("root")
def test_a_grant_of_elsewhere_is_answered_as_one_there_is_none_of(give, take):
    give("local", "site_admin")
    elsewhere = give("ada", "monitor", site="B")
    nowhere = replace(elsewhere, entry="nonsense")

    for grant in (elsewhere, nowhere):
        assert take(grant, actor="local") == "no_site_admin_there"
    assert take(nowhere) == "no_such_grant"


def test_what_was_granted_is_audited_and_a_change_behind_the_back_is_found(
    registry, give, root, tamper
):
    give("ada", "monitor")
    with registry.inspection() as uow:
        assert not [r for r in verify_audit(uow) if r.break_]
        rows = list(uow.audit.rows(site="", trial=""))
    assert [row.action for row in rows] == ["role:granted"] * 2
    assert rows[0].subject == root.grant_id

    tamper("UPDATE role_grant SET site = '*' WHERE person = 'ada'")

    with registry.inspection() as uow:
        (broken,) = [r.break_ for r in verify_audit(uow) if r.break_]
    assert broken.sequence == 2


def test_a_grant_behind_the_audits_back_is_found(registry, root, tamper):
    tamper(
        "INSERT INTO role_grant SELECT 'x', 'y', revision, 'eve', role, site, trial, "
        "starts_at, ends_at, recorded_at, actor, reason FROM role_grant"
    )

    with registry.inspection() as uow:
        (broken,) = [r.break_ for r in verify_audit(uow) if r.break_]
    assert "grants of roles" in broken.reason
    assert root.person == "root"


def test_a_live_registry_without_roles_answers_nobody(registry):
    with registry.transaction() as uow:
        set_mode(SetMode(mode=Mode.LIVE, reason="t", actor="a", at=LONG_AGO), uow)

    with pytest.raises(Refused) as why:
        asking(registry, "anybody")

    assert why.value.code is ErrorCode.NO_ROLES_GIVEN


def test_before_anybody_has_a_role_a_registry_that_is_not_live_has_an_owner(registry):
    assert asking(registry, None) is None


@pytest.mark.usefixtures("root")
def test_once_there_are_roles_nobody_asks_without_a_name(registry):
    with pytest.raises(Refused) as why:
        asking(registry, None)

    assert why.value.code is ErrorCode.NOBODY_NAMED
    assert asking(registry, "stranger").held == frozenset()


@pytest.mark.usefixtures("root")
def test_a_grant_that_cannot_be_read_is_found_and_gives_nobody_anything(
    registry_url, give, spoil
):
    """Not even what an earlier revision of it gave; others work on."""
    grant = give("ada", "auditor", site=EVERYWHERE, trial=EVERYWHERE)
    give("eve", "auditor", site=EVERYWHERE, trial=EVERYWHERE)
    spoil(grant)

    words = ["verify", "--json", "--registry", registry_url, "--as"]
    found = CliRunner().invoke(audit.app, [*words, "eve"])
    refused = CliRunner().invoke(audit.app, [*words, "ada"])

    assert [(one["break"] or {}).get("reason") for one in json.loads(found.stdout)] == [
        "what it recorded cannot be read"
    ]
    assert found.exit_code == 1
    assert refused.exception.code is ErrorCode.NOT_THIS_ROLE
    assert give("ada", "monitor").entry != grant.entry


def test_a_registry_whose_only_grant_cannot_be_read_is_nobodys(
    registry, root, give, spoil
):
    """It is not taken for one without roles, which is open to its owner."""
    spoil(root)

    assert asking(registry, "root").held == frozenset()
    refused = give("eve", "site_admin", site=EVERYWHERE, trial=EVERYWHERE)
    assert refused == "no_site_admin_there"
