"""Migrations go up and down, fit the tables, and wait for nobody for ever."""

from dataclasses import replace

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from made_up.role_holders import let
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from registry.domain.audit import canonical, record_digest, sha256
from registry.domain.consent import ConsentState
from registry.domain.kit import KitAct
from registry.domain.misrandomisation import Kind
from registry.domain.mode import Mode
from registry.domain.roles import Role
from registry.domain.unblinding import Unblinding, UnblindingNote, UnblindingReason
from registry.store.engine import database_url, make_engine
from registry.store.migrate import BASE, HEAD, migrate
from registry.store.schema import schema
from registry.store.unit_of_work import open_registry
from registry.usecases.outbox import ROSTER
from registry.usecases.record_misrandomisation import (
    RecordMisrandomisation,
    record_misrandomisation,
)
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode, SettingsError


TOLD = [ROSTER]


@pytest.fixture
def connection(registry_url):
    engine = make_engine(database_url(registry_url))
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def names(connection):
    """Tables, indices, triggers and functions that are ours."""
    if connection.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    else:
        query = (
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
            "WHERE nspname IN ('public', 'sealed', 'vault') "
            "UNION SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace "
            "WHERE nspname IN ('public', 'sealed', 'vault') "
            "UNION SELECT nspname FROM pg_namespace "
            "WHERE nspname IN ('sealed', 'vault')"
        )
    return set(connection.scalars(text(query))) - {
        "alembic_version",
        "alembic_version_pkc",
    }


def test_the_migrated_database_has_exactly_the_tables_the_code_speaks_of(connection):
    dialect = connection.dialect.name
    options = {
        "compare_type": True,
        "include_schemas": dialect == "postgresql",
    }
    context = MigrationContext.configure(connection, opts=options)

    assert compare_metadata(context, schema(dialect)) == []


def test_down_leaves_nothing_and_up_again_leaves_the_same(registry_url, bedside):
    bedside.open_trial()
    bedside.admit("p1")
    bedside.randomise()
    engine = make_engine(database_url(registry_url))

    def look():
        with engine.connect() as connection:
            return names(connection)

    full = look()
    migrate(registry_url, BASE)
    bare = look()
    migrate(registry_url, HEAD)

    assert len(full) > 20
    assert bare == set()
    assert look() == full
    engine.dispose()


def test_migrating_twice_changes_nothing(registry_url, connection):
    before = names(connection)
    connection.rollback()

    migrate(registry_url)

    assert names(connection) == before


def test_what_waits_in_the_outbox_keeps_its_order_through_an_upgrade(registry_url):
    migrate(registry_url, BASE)
    migrate(registry_url, "0001")
    engine = make_engine(database_url(registry_url))
    with engine.begin() as connection:
        for name, hour in (("late", 12), ("early", 10), ("between", 11)):
            at = f"2026-03-01 {hour}:00:00"
            connection.exec_driver_sql(
                "INSERT INTO outbox (outbox_id, topic, key, payload, created_at, "
                "attempts, next_attempt_at) VALUES "
                f"('{name}', 'trial.roster', 'k', '{{}}', '{at}', 0, '{at}')"
            )
        connection.exec_driver_sql(
            "INSERT INTO inbox VALUES ('m', 'sepsis.onsets', '2026-03-01 10:00:00')"
        )
    engine.dispose()
    migrate(registry_url)

    registry = open_registry(registry_url)
    with registry.transaction() as uow:
        uow.outbox.add(
            [replace(item, outbox_id="new") for item in uow.outbox.waiting(TOLD, 1)]
        )
        waiting = [item.outbox_id for item in uow.outbox.waiting(TOLD, 10)]
        seen = uow.stream.seen(["m", "n"])
    registry.close()

    assert waiting == ["early", "between", "late", "new"]
    assert seen == {"m": None}


def test_consents_of_before_keep_their_words_and_their_digests(registry_url):
    """As 0006 kept them, with rows that refer to them."""
    migrate(registry_url, BASE)
    migrate(registry_url, "0006")
    engine = make_engine(database_url(registry_url))
    at = "'2026-03-01 12:00:00+00'"
    with engine.begin() as connection:
        for number, (state, basis) in enumerate(
            (("given", "'proxy'"), ("refused", "NULL"), ("withdrawn", "NULL")), 1
        ):
            code = f"TIDE-A-000{number}"
            connection.exec_driver_sql(
                f"INSERT INTO participant VALUES ('{code}', 'TIDE', 'A', "
                f"'p{number}', {number}, {at})"
            )
            connection.exec_driver_sql(
                "INSERT INTO consent_revision (consent_id, participant, revision, "
                "state, basis, decided_at, recorded_at, actor) VALUES "
                f"('c{number}', '{code}', 1, '{state}', {basis}, {at}, {at}, 'nurse')"
            )
    engine.dispose()
    migrate(registry_url)

    registry = open_registry(registry_url)
    with registry.inspection() as uow:
        told = [uow.participants.consent_revision(f"c{n}") for n in (1, 2, 3)]
    with registry.reading() as views:
        lines = views.consent_stands(at=told[0].decided_at)
    registry.close()

    assert [line.standing for line in lines] == ["proxy", "refused", "withdrawn"]
    assert (lines[0].may_randomise, lines[2].may_treat) == (True, False)
    assert (told[2].deadline, told[2].scopes) == (None, None)
    assert record_digest(told[0]) == _digest_of_0006(told[0])


def _digest_of_0006(consent):
    """As it was worked out when a consent had ten fields."""
    names = (
        *("actor", "basis", "consent_id", "decided_at", "document_version"),
        *("participant", "reason", "recorded_at", "revision", "state"),
    )
    told = {name: getattr(consent, name) for name in names}
    times = {n: iso(told[n]) for n in ("decided_at", "recorded_at")}
    words = {n: told[n] and told[n].value for n in ("state", "basis")}
    return sha256(canonical(told | times | words))


def test_words_the_older_version_has_not_become_the_nearest_that_allow_less(
    registry_url, bedside, sql
):
    bedside.declare(consent={"model": "deferred", "text": "A test.", "within": "9 d"})
    bedside.hear(bedside.verdict())
    bedside.consent(state=ConsentState.DEFERRED)
    bedside.randomise()
    bedside.consent("p2", state=ConsentState.DEFERRED)
    bedside.consent("p2", state=ConsentState.DIED)

    migrate(registry_url, "0006")

    states = "SELECT state FROM consent_revision ORDER BY participant, revision"
    assert [s for (s,) in sql(states)] == ["asked", "asked", "withdrawn"]
    with pytest.raises(DatabaseError, match="append-only"):
        sql("UPDATE consent_revision SET state = 'given'")
    with pytest.raises(IntegrityError):
        sql(
            "INSERT INTO consent_revision SELECT 'x', participant, 9, 'deferred', "
            "basis, document_version, decided_at, recorded_at, actor, reason "
            "FROM consent_revision WHERE revision = 2"
        )
    migrate(registry_url)
    assert len(sql(states)) == 3
    assert sql("SELECT count(*) FROM randomisation") == [(1,)]


def test_grants_of_roles_the_older_version_has_not_are_lost_and_the_others_stay(
    registry, registry_url
):
    let(registry, "p", roles=(Role.SPONSOR, Role.MONITOR, Role.CUSTODIAN))
    engine = make_engine(database_url(registry_url))

    def roles_left(connection):
        query = "SELECT role FROM role_grant WHERE person = 'p' ORDER BY role"
        return connection.exec_driver_sql(query).scalars().all()

    migrate(registry_url, "0015")
    with engine.connect() as connection:
        assert roles_left(connection) == ["monitor"]
        with pytest.raises(DatabaseError, match="append-only"):
            connection.exec_driver_sql("DELETE FROM role_grant")
    with pytest.raises(IntegrityError, match="ck_role_grant_role"):
        let(registry, "q", roles=(Role.ADJUDICATOR,))
    migrate(registry_url, HEAD)
    let(registry, "q", roles=(Role.ADJUDICATOR,))

    with engine.connect() as connection:
        assert roles_left(connection) == ["monitor"]
    engine.dispose()


def test_a_transfer_of_a_kit_goes_down_with_the_older_version_and_up_again(
    registry_url, pharmacy, sql
):
    kit, *_ = pharmacy.receive(of_each=1)
    pharmacy.do(KitAct.TRANSFER, kit, to="B")
    acts = f"SELECT act, state FROM kit_event WHERE kit = '{kit}' ORDER BY number"

    migrate(registry_url, "0016")

    assert [state for _, state in sql(acts)] == ["available", "depot", "available"]
    assert [act for act, _ in sql(acts)] == ["receive", "return", "receive"]
    with pytest.raises(DatabaseError, match="append-only"):
        sql("UPDATE kit_event SET act = 'receive'")
    with pytest.raises(IntegrityError):
        sql(
            "INSERT INTO kit_event SELECT 'x', kit, trial, site, domain, 9, 'transfer', "
            "state, randomisation_id, replaces, reason, actor, at "
            "FROM kit_event WHERE number = 1"
        )
    migrate(registry_url)
    (broken,) = pharmacy.bedside.broken_chains()
    assert (broken.site, broken.trial) == ("A", "TIDE")
    other = max(pharmacy.kits())
    pharmacy.do(KitAct.RECEIVE, other, site="A")
    assert pharmacy.do(KitAct.TRANSFER, other, to="B").site == "B"


def test_stock_by_arm_goes_down_and_up_again_and_no_kit_is_lost(
    registry, registry_url, pharmacy, sql
):
    if registry.dialect == "sqlite":
        pytest.skip("SQLite has no view that outlasts a transaction")
    pharmacy.receive(of_each=1)
    views = "SELECT viewname FROM pg_views WHERE schemaname = 'seen'"

    before = set(column(registry_url, views))
    migrate(registry_url, "0018")
    older = set(column(registry_url, views))
    migrate(registry_url, HEAD)

    assert before - older == {"stock_by_arm"}
    assert set(column(registry_url, views)) == before
    assert sql("SELECT count(*) FROM kit_stock") == [(20,)]


def test_reasons_of_before_codes_and_what_was_received_go_up_and_down(
    registry_url, bedside, sql
):
    """0018 keeps them apart; down and up again, a code is a reason of before."""
    bedside.open_trial(replace(bedside.fluids, blinded=True), mode=Mode.DEMO)
    bedside.hear(*(bedside.verdict(p, provenance="simulated") for p in ("p1", "p2")))
    for number, patient in enumerate(("p1", "p2"), 1):
        bedside.consent(patient)
        bedside.randomise(patient)
        who = f"TIDE-A-{number:04}"
        with bedside.registry.transaction() as uow:
            drawn = uow.allocations.stored(
                trial="TIDE", domain="fluids", participant=who
            )
            uow.unblindings.add(
                Unblinding(
                    unblinding_id=patient,
                    site="A",
                    trial="TIDE",
                    domain="fluids",
                    participant=who,
                    randomisation_id=drawn.randomisation_id,
                    number=1,
                    reason=UnblindingReason.OVERDOSE,
                    actor="doctor",
                    authenticated_by="nothing",
                    sponsor_told=False,
                    at=bedside.noon,
                ),
                UnblindingNote(words="two doses", nonce="a0"),
            )
            wrong = RecordMisrandomisation(
                kind=Kind.WRONG_TREATMENT,
                participant=who,
                domain="fluids",
                happened_at=bedside.noon,
                description="another kit",
                received=f"K-{number}",
                actor="nurse",
                at=bedside.noon,
            )
            assert record_misrandomisation(wrong, uow).record
    bedside.registry.close()
    reasons = "SELECT reason FROM unblinding ORDER BY unblinding_id"
    given = "SELECT received FROM misrandomisation ORDER BY received"

    migrate(registry_url, "0017")
    assert column(registry_url, reasons) == ["overdose", "overdose"]
    assert column(registry_url, given) == ["K-1", "K-2"]

    sql(
        "INSERT INTO unblinding (unblinding_id, site, trial, domain, participant, "
        "randomisation_id, number, reason, actor, authenticated_by, sponsor_told, at) "
        "SELECT 'p3', site, trial, domain, participant, randomisation_id, 2, 'shock', "
        "actor, authenticated_by, sponsor_told, at "
        "FROM unblinding WHERE unblinding_id = 'p2'"
    )
    migrate(registry_url, HEAD)
    registry = open_registry(registry_url)
    with registry.inspection() as uow:
        told = [uow.unblindings.one(name).reason for name in ("p1", "p3")]
        note = uow.unblindings.note("p3")
        received = {one.received for one in uow.misrandomisations.of_trial(None)}
    registry.close()
    assert told == [UnblindingReason.OTHER, UnblindingReason.OTHER]
    assert note == UnblindingNote(words="shock", nonce="")
    assert received == {"K-1", "K-2"}

    migrate(registry_url, "0017")
    assert column(registry_url, reasons) == ["overdose", "overdose", "shock"]


def column(url, query):
    engine = make_engine(database_url(url))
    with engine.connect() as connection:
        found = list(connection.scalars(text(query)))
    engine.dispose()
    return found


def test_a_registry_without_tables_is_refused_with_the_cure(registry_url):
    migrate(registry_url, BASE)

    with pytest.raises(SettingsError, match="ember migrate") as fault:
        open_registry(registry_url)

    assert fault.value.code is ErrorCode.REGISTRY_NOT_MIGRATED


@pytest.mark.postgres
def test_each_table_and_column_carries_its_comment(postgres):
    with postgres.database() as url, psycopg.connect(url) as connection:
        bare = connection.execute(
            """
            SELECT c.relname, a.attname
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE n.nspname IN ('public', 'sealed') AND c.relkind = 'r'
              AND c.relname <> 'alembic_version'
              AND NOT a.attisdropped
              AND (col_description(c.oid, a.attnum) IS NULL
                   OR obj_description(c.oid, 'pg_class') IS NULL)
            """
        ).fetchall()
        told = connection.execute(
            "SELECT count(*) FROM pg_description WHERE objsubid > 0"
        ).fetchone()

    assert bare == []
    assert told[0] > 150


@pytest.mark.postgres
def test_each_constraint_is_named_by_the_convention(postgres):
    with postgres.database() as url, psycopg.connect(url) as connection:
        named = connection.execute(
            """
            SELECT conname FROM pg_constraint con
            JOIN pg_class c ON c.oid = con.conrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('public', 'sealed')
              AND c.relname <> 'alembic_version' AND contype IN ('p', 'f', 'u', 'c')
            """
        ).fetchall()

    assert len(named) > 60
    assert [
        n for (n,) in named if n.split("_")[0] not in {"pk", "fk", "uq", "ck"}
    ] == []


@pytest.mark.postgres
def test_a_migration_gives_up_a_lock_rather_than_stop_the_hospital(postgres):
    with (
        postgres.database() as url,
        psycopg.connect(url) as busy,
    ):
        busy.execute("SET lock_timeout = '1s'")
        busy.execute("SELECT count(*) FROM audit_event")
        with pytest.raises(OperationalError, match="lock timeout"):
            migrate(url, BASE)
        busy.rollback()
        open_registry(url).close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://somewhere/db", ErrorCode.BAD_SETTING),
        ("no address at all", ErrorCode.BAD_SETTING),
        ("sqlite:////no/such/folder/registry.sqlite", ErrorCode.REGISTRY_UNREACHABLE),
        ("postgresql://127.0.0.1:1/none", ErrorCode.REGISTRY_UNREACHABLE),
    ],
)
def test_an_address_that_leads_nowhere_is_told_in_one_sentence(url, code):
    with pytest.raises(SettingsError) as fault:
        open_registry(url)

    assert fault.value.code is code
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("written", "driver"),
    [
        ("sqlite:///x.sqlite", "sqlite+pysqlite"),
        ("postgresql://h/d", "postgresql+psycopg"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg"),
        ("postgres://h/d", "postgresql+psycopg"),
    ],
)
def test_a_url_needs_no_driver(written, driver):
    assert database_url(written).drivername == driver
