"""Whatever the registry holds, the audit knows of; whatever it knows of must stand."""

import hashlib
import json

import pytest
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from registry.app.commands.audit import app
from registry.domain.consent import ConsentState
from registry.store.roles import READER, REGISTRY, SIGNER, grant_roles
from registry.store.unit_of_work import open_registry
from registry.usecases.verify_audit import verify_audit


def breaks(registry):
    with registry.inspection() as uow:
        reports = verify_audit(uow)
    return {(r.site, r.trial): r.break_ for r in reports if r.break_ is not None}


def arms(registry):
    sealed = registry.dialect == "postgresql"
    return "sealed.assignment" if sealed else "sealed_assignment"


@pytest.mark.usefixtures("lived")
def test_a_wiped_audit_is_missed_by_every_record(registry, tamper):
    tamper("DELETE FROM audit_event")
    tamper("DELETE FROM audit_head")

    found = breaks(registry)

    assert set(found) == {("", ""), ("", "TIDE"), ("A", ""), ("A", "TIDE")}
    assert {b.sequence for b in found.values()} == {1}


WITH = {
    "screening_revision": ("screening_state",),
    "protocol_version": ("trial_domain",),
    "randomisation": ("randomisation_request", "allocator"),
}
"""What is worked out from a sort of record stands or falls with it."""


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("kept", "chain"),
    [
        ("onset_revision", ("A", "")),
        ("screening_revision", ("A", "TIDE")),
        ("outcome_revision", ("A", "TIDE")),
        ("participant", ("A", "TIDE")),
        ("green_light", ("A", "TIDE")),
        ("consent_revision", ("", "")),
        ("human_answer", ("", "")),
        ("alert_event", ("", "")),
        ("randomisation", ("A", "TIDE")),
        ("mode_revision", ("", "")),
        ("protocol_version", ("", "TIDE")),
    ],
)
def test_one_sort_of_record_alone_misses_its_chain(registry, tamper, kept, chain):
    for table in (
        "audit_event",
        "audit_head",
        "onset_revision",
        "outcome_revision",
        arms(registry),
        "randomisation",
        "randomisation_request",
        "allocator",
        "screening_revision",
        "screening_state",
        "consent_revision",
        "participant",
        "human_answer",
        "green_light",
        "mode_revision",
        "protocol_version",
        "trial_domain",
        "alert_event",
        "alert",
    ):
        if table not in (kept, *WITH.get(kept, ())):
            tamper(f"DELETE FROM {table}")

    assert set(breaks(registry)) == {chain}


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("statement", "chain"),
    [
        ("UPDATE mode_revision SET mode = 'demo'", ("", "")),
        ("UPDATE mode_revision SET actor = 'x'", ("", "")),
        ("DELETE FROM mode_revision", ("", "")),
        (
            (
                "INSERT INTO mode_revision (revision, mode, reason, actor, at) "
                "SELECT 2, 'silent', reason, actor, at FROM mode_revision"
            ),
            ("", ""),
        ),
        ("UPDATE protocol_version SET document = '[]'", ("", "TIDE")),
        ("DELETE FROM protocol_version", ("", "TIDE")),
        ("UPDATE participant SET patient = 'zz' WHERE patient = 'p1'", ("A", "TIDE")),
        ("DELETE FROM participant WHERE patient = 'p1'", ("A", "TIDE")),
        (
            (
                "INSERT INTO participant SELECT 'x', trial, site, 'p9', 9, recorded_at "
                "FROM participant WHERE patient = 'p1'"
            ),
            ("A", "TIDE"),
        ),
        ("DELETE FROM alert_event", ("A", "TIDE")),
        ("DELETE FROM alert_event WHERE step = 'acted'", ("A", "TIDE")),
        ("DELETE FROM alert", ("A", "TIDE")),
        ("UPDATE alert_event SET told = NOT told", ("A", "TIDE")),
        ("UPDATE alert_event SET at = '2026-02-01 00:00:00'", ("A", "TIDE")),
        ("UPDATE alert SET patient = 'zz' WHERE patient = 'p1'", ("A", "TIDE")),
        ("UPDATE randomisation SET arm_commitment = ''", ("A", "TIDE")),
    ],
)
def test_a_record_changed_past_the_audit_is_found_in_its_chain(
    registry, tamper, statement, chain
):
    tamper(statement)

    assert chain in breaks(registry)


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("act", "told"),
    [
        (
            (
                "UPDATE {} SET arm = CASE arm WHEN 'standard' THEN 'restrictive' "
                "ELSE 'standard' END"
            ),
            "not the one that was drawn",
        ),
        ("UPDATE {} SET nonce = 'x'", "not the one that was drawn"),
        ("DELETE FROM {}", "is gone"),
    ],
)
def test_an_arm_that_was_swapped_or_removed_is_found(registry, tamper, act, told):
    tamper(act.format(arms(registry)))

    found = breaks(registry)

    assert set(found) == {("A", "TIDE")}
    assert found["A", "TIDE"].sequence == 10
    assert told in found["A", "TIDE"].reason


@pytest.mark.usefixtures("lived")
def test_no_arm_can_be_guessed_from_what_may_be_read(registry, sql):
    """The commitment is the arm's, but only the sealed nonce opens it."""
    sealed = sql(f"SELECT randomisation_id, arm, nonce, state FROM {arms(registry)}")
    told = dict(sql("SELECT randomisation_id, arm_commitment FROM randomisation"))
    audit = " ".join(detail for (detail,) in sql("SELECT detail FROM audit_event"))

    assert len(sealed) == 2
    assert len({nonce for _, _, nonce, _ in sealed}) == 2
    for randomisation_id, arm, nonce, state in sealed:
        opened = hashlib.sha256(f"{nonce}{arm}{state}".encode()).hexdigest()
        assert told[randomisation_id] == opened
        assert opened in audit
        assert nonce not in audit
        assert hashlib.sha256(arm.encode()).hexdigest() != opened


UNREADABLE = {
    "sqlite": [
        "UPDATE audit_event SET at = 'x' WHERE {}",
        "UPDATE audit_event SET actor = x'ff00' WHERE {}",
        "UPDATE audit_event SET actor = CAST(x'ff' AS TEXT) WHERE {}",
    ],
    "postgresql": ["UPDATE audit_event SET at = 'infinity' WHERE {}"],
}


@pytest.mark.usefixtures("lived")
def test_a_row_that_cannot_be_read_is_a_break_that_names_the_row(registry, tamper):
    where = "site = 'A' AND trial = 'TIDE' AND sequence = 4"
    for statement in UNREADABLE[registry.dialect]:
        tamper(statement.format(where))

        found = breaks(registry)

        assert set(found) == {("A", "TIDE")}
        assert found["A", "TIDE"].sequence == 4
        assert found["A", "TIDE"].reason == "the row cannot be read"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_head SET row_hash = x'ff00' WHERE site = 'A'",
        "UPDATE audit_head SET row_hash = CAST(x'ff' AS TEXT) WHERE site = 'A'",
        "UPDATE onset_revision SET site = x'ff00' WHERE patient = 'p1'",
    ],
)
@pytest.mark.usefixtures("lived")
def test_heads_and_places_that_cannot_be_read_are_a_break(registry, tamper, statement):
    if registry.dialect == "postgresql":
        pytest.skip("PostgreSQL stores no bytes where a text belongs")
    tamper(statement)

    assert "cannot be read" in breaks(registry)["", ""].reason


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    ("table", "column", "chain", "sequence"),
    [
        ("consent_revision", "decided_at", ("A", "TIDE"), 5),
        ("participant", "recorded_at", ("A", "TIDE"), 4),
        ("human_answer", "answered_at", ("A", "TIDE"), 8),
        ("randomisation", "anchor_at", ("A", "TIDE"), 10),
        ("screening_revision", "deadline", ("A", "TIDE"), 2),
        ("alert_event", "at", ("A", "TIDE"), 2),
        ("mode_revision", "at", ("", ""), 1),
        ("protocol_version", "activated_at", ("", "TIDE"), 1),
    ],
)
def test_a_record_that_cannot_be_read_is_a_break_of_the_row_that_speaks_of_it(
    registry, tamper, table, column, chain, sequence
):
    never = "x" if registry.dialect == "sqlite" else "infinity"
    tamper(f"UPDATE {table} SET {column} = '{never}'")

    found = breaks(registry)

    assert found[chain].sequence == sequence
    assert "cannot be read" in found[chain].reason


def test_alerts_closed_by_a_refusal_are_accounted_for(bedside, registry, tamper):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.consent(state=ConsentState.ASKED)
    bedside.consent(state=ConsentState.REFUSED)
    assert not breaks(registry)

    tamper("UPDATE alert_event SET suppressed = 'mode_silent' WHERE step = 'acted'")

    assert breaks(registry)["A", "TIDE"].sequence == 5


def test_alerts_of_many_batches_verify(bedside, registry):
    """Raised, followed and retracted in several batches, and in one."""
    bedside.open_trial()
    for revision, status in enumerate(("needs_human", "eligible", "ineligible")):
        bedside.hear(bedside.verdict(revision=revision, status=status))
    bedside.hear(
        bedside.verdict("p2"),
        bedside.verdict("p2", 1, status="ineligible"),
        bedside.verdict("p2", 2),
    )

    assert not breaks(registry)


@pytest.mark.postgres
def test_who_may_not_read_the_arms_verifies_the_rest_and_says_so(postgres, bedside_of):
    with postgres.database() as url:
        grant_roles(url)
        logins = {"arms_app": REGISTRY, "armless_app": READER, "signer_app": SIGNER}
        for login, role in logins.items():
            postgres.run(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
        reading = [open_registry(url.replace("ember@", f"{name}@")) for name in logins]
        whole = open_registry(url)
        try:
            bedside = bedside_of(reading[0])
            bedside.open_trial()
            bedside.admit("p1")
            bedside_of(reading[2]).randomise()
            for opened, arms_read in zip(
                (*reading[:2], whole), (False, False, True), strict=True
            ):
                with opened.inspection() as uow:
                    reports = verify_audit(uow)
                assert not any(r.break_ for r in reports)
                assert {r.arms_read for r in reports} == {arms_read}
        finally:
            for opened in (*reading, whole):
                opened.close()
            for login in logins:
                postgres.run(f"DROP ROLE {login}")


@pytest.mark.usefixtures("lived", "somebody")
def test_the_command_tells_a_break_in_a_sentence(registry_url, tamper):
    tamper("UPDATE participant SET patient = 'zz' WHERE patient = 'p1'")

    done = CliRunner().invoke(app, ["verify", "--registry", registry_url])

    assert done.exit_code == 1
    assert (
        "BROKEN  A / TIDE breaks at row 4: what it recorded is not what was written.\n"
        in done.stdout
    )
    assert "ok      - / TIDE: 1 rows" in done.stdout


@pytest.mark.usefixtures("lived", "somebody")
def test_the_command_answers_in_json_with_a_break_or_null(registry_url, tamper):
    tamper("UPDATE participant SET patient = 'zz' WHERE patient = 'p1'")

    done = CliRunner().invoke(app, ["verify", "--registry", registry_url, "--json"])

    rows = json.loads(done.stdout)
    assert done.exit_code == 1
    assert {tuple(row) for row in rows} == {
        ("site", "trial", "rows", "head_hash", "arms_read", "break")
    }
    assert [row["break"] for row in rows] == [
        None,
        None,
        None,
        {"sequence": 4, "reason": "what it recorded is not what was written"},
    ]


@pytest.mark.usefixtures("lived", "somebody")
def test_the_command_lists_no_chain_that_nobody_ever_began(
    registry, registry_url, tamper
):
    asked = ["verify", "--registry", registry_url]
    before = CliRunner().invoke(app, asked)
    with registry.transaction() as uow:
        uow.audit.lock(site="Z", trial="TIDE")

    done = CliRunner().invoke(app, asked)
    assert (done.exit_code, done.stdout) == (0, before.stdout)
    tamper("UPDATE participant SET site = 'Z' WHERE patient = 'p1'")
    assert "BROKEN  Z / TIDE" in CliRunner().invoke(app, asked).stdout


@pytest.mark.usefixtures("lived")
def test_a_nonce_cannot_be_changed_in_place(registry, sql):
    with pytest.raises(DatabaseError, match="append-only"):
        sql(f"UPDATE {arms(registry)} SET nonce = 'x'")
