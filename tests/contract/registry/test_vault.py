"""The vault: identifiers sealed, found, opened on record, and sealed anew."""

from datetime import UTC, datetime

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import text

from registry.domain.identity import Identifier, Sighted
from registry.store.engine import database_url, make_engine
from registry.store.roles import KEEPER, READER, REGISTRY, SIGNER, grant_roles
from registry.store.unit_of_work import open_registry
from registry.usecases.find_identity import FindIdentity, find_identity
from registry.usecases.keep_identities import KeepIdentities, keep_identities
from registry.usecases.open_identity import OpenIdentity, open_identity
from registry.usecases.rotate_vault import RotateVault, rotate_vault
from registry.usecases.verify_audit import verify_audit
from streams.adapters.identity.sealing import Sealer
from streams.vocabulary.errors import ErrorCode, InputError


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
BEFORE, AFTER = Sealer({1: OLD}), Sealer({1: OLD, 2: NEW})
WHO = Identifier("MR@NORTH", "MRN-4711")
ALSO = Identifier("SS", "SSN-0815")
SEEN = (
    Sighted("north", "p1-anna", WHO),
    Sighted("north", "p1-anna", ALSO),
    Sighted("north", "p1-berta", Identifier("MR@NORTH", "MRN-4712")),
)


def keep(registry, *sighted, seal=BEFORE):
    with registry.transaction() as uow:
        return keep_identities(KeepIdentities(sighted=sighted, at=NOON), uow, seal=seal)


def looked(registry, pseudonym="p1-anna", site="north", seal=BEFORE):
    command = OpenIdentity(
        site=site, pseudonym=pseudonym, reason="to call", actor="doctor", at=NOON
    )
    with registry.transaction() as uow:
        return open_identity(command, uow, seal=seal)


def found(registry, identifier=WHO, seal=BEFORE):
    command = FindIdentity(
        identifier=identifier, reason="a fax", actor="doctor", at=NOON
    )
    with registry.transaction() as uow:
        return find_identity(command, uow, seal=seal)


def rotated(registry, seal=AFTER, limit=2):
    done = []
    while not done or done[-1]:
        with registry.transaction() as uow:
            command = RotateVault(actor="keeper", at=NOON, limit=limit)
            done.append(rotate_vault(command, uow, seal=seal))
    return done


def audit(registry):
    with registry.inspection() as uow:
        return [
            row
            for site, trial in uow.audit.chains()
            for row in uow.audit.rows(site=site, trial=trial)
        ]


def test_what_was_kept_is_opened_and_the_look_is_on_record(registry):
    keep(registry, *SEEN)

    assert looked(registry) == (WHO, ALSO)

    (row,) = audit(registry)
    assert (row.action, row.actor, row.subject) == (
        "identity:opened",
        "doctor",
        "p1-anna",
    )
    assert row.detail == '{"identifiers":2,"reason":"to call"}'
    with registry.inspection() as uow:
        assert {report.break_ for report in verify_audit(uow)} == {None}


def test_a_look_that_finds_nobody_is_on_record_too(registry):
    keep(registry, *SEEN)

    assert looked(registry, "p1-nobody") == ()
    assert looked(registry, site="south") == ()
    assert found(registry, Identifier("MR@NORTH", "MRN-9999")) == ()

    assert [row.subject for row in audit(registry)] == ["", "p1-nobody", "p1-anna"]


def test_an_identifier_leads_to_its_pseudonym_and_is_not_in_the_audit(registry):
    keep(registry, *SEEN)

    assert found(registry) == (("north", "p1-anna"),)
    assert found(registry, Identifier("SS", "MRN-4711")) == ()

    assert not any("4711" in row.detail + row.subject for row in audit(registry))


def test_a_look_whose_audit_is_taken_back_tells_nothing(registry):
    keep(registry, *SEEN)
    with pytest.raises(InputError), registry.transaction() as uow:
        open_identity(
            OpenIdentity(
                site="north", pseudonym="p1-anna", reason="x", actor="y", at=NOON
            ),
            uow,
            seal=Sealer({1: NEW}),
        )
    assert audit(registry) == []


def test_what_is_known_is_kept_once_whatever_key_is_the_newest(registry):
    assert keep(registry, *SEEN) == ()
    assert keep(registry, *SEEN) == (0, 1, 2)
    assert keep(registry, SEEN[0], SEEN[0], seal=AFTER) == (0, 1)
    assert looked(registry, seal=AFTER) == (WHO, ALSO)


def test_nothing_of_an_identifier_stands_in_the_database(registry, registry_url):
    keep(registry, *SEEN)
    looked(registry)
    found(registry)
    engine = make_engine(database_url(registry_url))
    vault = (
        "vault.identifier" if registry.dialect == "postgresql" else "vault_identifier"
    )
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT * FROM {vault}")).all()
        audited = connection.execute(text("SELECT * FROM audit_event")).all()
    engine.dispose()
    assert len(rows) == 3
    assert not any(
        secret in repr(tuple(map(_readable, row)))
        for row in [*rows, *audited]
        for secret in ("4711", "0815", "4712")
    )


def _readable(cell):
    return bytes(cell) if isinstance(cell, memoryview) else cell


def test_a_row_that_is_moved_to_another_site_does_not_open(registry, registry_url):
    keep(registry, *SEEN)
    engine = make_engine(database_url(registry_url))
    vault = (
        "vault.identifier" if registry.dialect == "postgresql" else "vault_identifier"
    )
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {vault} SET site = 'south'"))
    engine.dispose()

    with pytest.raises(InputError) as refused:
        looked(registry, site="south")
    assert refused.value.code is ErrorCode.SEAL_BROKEN


def test_all_is_sealed_anew_and_then_the_old_key_is_not_needed(registry):
    keep(registry, *SEEN)

    assert rotated(registry) == [2, 1, 0]

    alone = Sealer({2: NEW})
    assert looked(registry, seal=alone) == (WHO, ALSO)
    assert found(registry, seal=alone) == (("north", "p1-anna"),)
    assert keep(registry, *SEEN, seal=alone) == (0, 1, 2)
    with pytest.raises(InputError) as refused:
        looked(registry, seal=BEFORE)
    assert refused.value.code is ErrorCode.SEALING_KEY_UNKNOWN


def test_a_rotation_without_the_old_key_changes_nothing(registry):
    keep(registry, *SEEN)
    with pytest.raises(InputError):
        rotated(registry, seal=Sealer({2: NEW}))
    assert looked(registry) == (WHO, ALSO)


def test_everybody_who_was_named_is_told_for_a_newer_naming_key(registry):
    keep(registry, *SEEN)
    with registry.inspection() as uow:
        assert set(uow.vault.pseudonyms("north")) == {"p1-anna", "p1-berta"}
        assert set(uow.vault.pseudonyms("south")) == set()


@pytest.mark.postgres
@pytest.mark.parametrize("role", [REGISTRY, SIGNER, READER])
def test_the_vault_is_closed_to_every_other_role(postgres, role):
    with postgres.database() as url:
        grant_roles(url)
        with psycopg.connect(url) as connection:
            connection.execute(f"SET ROLE {role}")
            with pytest.raises(InsufficientPrivilege):
                connection.execute("SELECT count(*) FROM vault.identifier")


@pytest.mark.postgres
def test_the_keeper_keeps_opens_finds_and_seals_anew_and_sees_no_arm(postgres):
    with postgres.database() as url:
        grant_roles(url)
        postgres.run(f"CREATE ROLE keeper_app LOGIN IN ROLE {KEEPER}")
        keeper = open_registry(url.replace("ember@", "keeper_app@"))
        try:
            keep(keeper, *SEEN)
            assert looked(keeper) == (WHO, ALSO)
            assert found(keeper) == (("north", "p1-anna"),)
            assert rotated(keeper) == [2, 1, 0]
        finally:
            keeper.close()
        with psycopg.connect(url) as connection:
            connection.execute(f"SET ROLE {KEEPER}")
            with pytest.raises(InsufficientPrivilege):
                connection.execute("SELECT arm FROM sealed.assignment")
