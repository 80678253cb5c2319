"""Nobody who knows arms of a trial stays blind in it, whichever role came first."""

import json
from datetime import timedelta

import pytest
from made_up.role_holders import LONG_AGO, let, write_grant
from typer.testing import CliRunner

from registry.app.commands import role as role_commands
from registry.domain.role_matrix import MATRIX, roles_that_see
from registry.domain.roles import APART, EVERYWHERE, Role, Sight, Surface
from registry.store.roles import grant_roles
from registry.usecases.hand_out_roles import (
    GrantRole,
    RevokeRole,
    RoleKept,
    grant_role,
    revoke_role,
)
from streams.vocabulary.errors import ErrorCode, Refused


DAY = timedelta(days=1)
TELLING = (
    Surface.BLINDED_ARMS,
    Surface.VECTORS,
    Surface.KIT_CONTENTS,
    Surface.IMPORT_KITS,
    Surface.MAKE_SEALED_LISTS,
)
"""What shows an arm, or what arms are made of."""


@pytest.fixture
def give(registry):
    let(registry)

    def grant(role, *, person="ada", site=EVERYWHERE, trial="TIDE", at=LONG_AGO, **end):
        command = GrantRole(
            person=person,
            role=role,
            site=site,
            trial=trial,
            starts_at=at,
            reason="a test",
            actor="root",
            at=min(at, LONG_AGO + DAY),
            **end,
        )
        with registry.transaction() as uow:
            done = grant_role(command, uow)
        return done.grant if isinstance(done, RoleKept) else done.obstacle

    return grant


@pytest.fixture
def take(registry):
    def revoke(grant, at):
        command = RevokeRole(entry=grant.entry, reason="left", actor="root", at=at)
        with registry.transaction() as uow:
            done = revoke_role(command, uow)
        assert isinstance(done, RoleKept), done

    return revoke


def is_refused(done):
    return getattr(done, "code", None) is ErrorCode.ROLES_APART


def test_the_pairs_are_those_of_the_matrix():
    knowing = {role for surface in TELLING for role in roles_that_see(surface)}
    kept_blind = {
        role
        for role, cell in MATRIX[Surface.BLINDED_ARMS].items()
        if cell.sight is Sight.NOTHING and cell.reason == "would know an arm"
    }

    assert set(APART) == {
        (knows, blind) for knows in knowing for blind in kept_blind - knowing
    }
    assert all(APART.values())


@pytest.mark.parametrize("pair", APART, ids=" and ".join)
def test_two_that_undo_each_other_are_refused_in_either_order(give, pair):
    for number, (first, second) in enumerate((pair, pair[::-1])):
        give(first, person=f"p{number}")

        refused = give(second, person=f"p{number}")

        assert (refused.code, refused.name) == (ErrorCode.ROLES_APART, "undoes_a_role")
        assert refused.detail == ""


def test_what_is_not_to_be_kept_apart_is_given(give):
    give(Role.DSMB)

    for one in (Role.UNBLINDED_STATISTICIAN, Role.AUDITOR, Role.SITE_ADMIN):
        assert give(one).role is one
    assert give(Role.COORDINATOR, trial="WAVE").trial == "WAVE"
    assert give(Role.COORDINATOR, person="eve").person == "eve"


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (("A", "TIDE"), ("A", "TIDE")),
        (("A", "TIDE"), ("B", "TIDE")),
        (("*", "TIDE"), ("A", "TIDE")),
        (("A", "*"), ("B", "TIDE")),
        (("A", "TIDE"), ("*", "*")),
    ],
)
def test_one_trial_is_one_secret_at_whatever_sites(give, there, here):
    give(Role.CUSTODIAN, site=there[0], trial=there[1])

    assert is_refused(give(Role.INVESTIGATOR, site=here[0], trial=here[1]))


def test_who_knew_arms_is_not_blind_again(give, take):
    take(give(Role.DSMB), LONG_AGO + DAY)

    assert is_refused(give(Role.COORDINATOR, at=LONG_AGO + 999 * DAY))


def test_who_was_blind_may_know_arms_once_they_are_so_no_more(give, take):
    blind = give(Role.COORDINATOR)
    assert is_refused(give(Role.DSMB, at=LONG_AGO + DAY))

    take(blind, LONG_AGO + DAY)

    assert give(Role.DSMB, at=LONG_AGO + DAY).role is Role.DSMB
    assert is_refused(give(Role.COORDINATOR, at=LONG_AGO + DAY))


def test_a_blind_role_with_an_end_leaves_room_for_what_begins_then(give):
    give(Role.ADJUDICATOR, ends_at=LONG_AGO + 2 * DAY)

    assert is_refused(give(Role.CUSTODIAN, at=LONG_AGO + DAY))
    assert give(Role.CUSTODIAN, at=LONG_AGO + 2 * DAY).role is Role.CUSTODIAN


def test_a_grant_that_was_revoked_before_it_began_was_never_held(give, take):
    take(give(Role.DSMB, at=LONG_AGO + 2 * DAY), LONG_AGO + DAY)

    assert give(Role.COORDINATOR, at=LONG_AGO + DAY).role is Role.COORDINATOR


def test_who_had_both_before_is_marked_and_keeps_them(registry, registry_url, give):
    with registry.transaction() as uow:
        for role in (Role.CUSTODIAN, Role.COORDINATOR, Role.AUDITOR):
            write_grant(uow, "eve", role)
    give(Role.AUDITOR)

    words = ["list", "--json", "--as", "root", "--registry", registry_url]
    if registry.dialect == "postgresql":
        grant_roles(registry_url)
    told = json.loads(CliRunner().invoke(role_commands.app, words).stdout)

    by_entry = {one["entry"]: one for one in told}
    assert {
        (one["person"], one["role"], by_entry[other]["role"])
        for one in told
        for other in one["undone_by"]
    } == {("eve", "custodian", "coordinator"), ("eve", "coordinator", "custodian")}
    assert all(one["ends_at"] is None for one in told)


def test_the_command_tells_why_and_what_to_do(registry, registry_url):
    let(registry, "eve", roles=[Role.CUSTODIAN])
    words = ["grant", "eve", "coordinator", "--site", "A", "--trial", "TIDE"]

    ran = CliRunner().invoke(
        role_commands.app,
        [*words, "--reason", "t", "--actor", "root", "--registry", registry_url],
    )

    assert isinstance(ran.exception, Refused)
    assert ran.exception.code is ErrorCode.ROLES_APART
    assert "custodian" not in str(ran.exception)
    assert "is to stay blind" in str(ran.exception)
    with registry.inspection() as uow:
        assert {g.role for g in uow.role_grants.latest() if g.person == "eve"} == {
            Role.CUSTODIAN
        }
