"""Whatever is changed, removed, inserted or moved behind the audit's back is found."""

import pytest
from contract.registry.test_conduct import deviation
from sqlalchemy.exc import DatabaseError

from registry.domain.audit import Head
from registry.usecases.verify_audit import verify_audit


APPEND_ONLY = (
    "onset_revision",
    "screening_revision",
    "outcome_revision",
    "participant",
    "consent_revision",
    "human_answer",
    "randomisation",
    "mode_revision",
    "protocol_version",
    "alert_event",
    "audit_event",
)


def broken(registry, anchors=()):
    with registry.inspection() as uow:
        reports = verify_audit(uow, anchors=anchors)
    assert reports
    return {(r.site, r.trial): r.break_ for r in reports if r.break_ is not None}


@pytest.mark.usefixtures("lived")
def test_an_untouched_registry_verifies_chain_by_chain(registry):
    with registry.inspection() as uow:
        reports = verify_audit(uow)

    assert [(r.site, r.trial) for r in reports] == [
        ("", ""),
        ("", "TIDE"),
        ("A", ""),
        ("A", "TIDE"),
    ]
    assert not any(r.break_ for r in reports)
    assert reports[-1].rows == 11


def test_a_registry_that_is_written_meanwhile_verifies(registry, lived):
    with registry.inspection() as uow:
        before = uow.audit.heads()
        lived.admit("p7")
        reports = verify_audit(uow)
        meanwhile = uow.audit.heads()

    assert not any(r.break_ for r in reports)
    assert meanwhile == before
    assert broken(registry) == {}


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor = 'x' WHERE trial = 'TIDE' AND sequence = 2",
        "UPDATE audit_event SET at = '2026-03-01 11:00:00' WHERE site = 'A'",
        "UPDATE audit_event SET detail = '{}' WHERE site = 'A' AND trial = 'TIDE' AND sequence = 3",
        "DELETE FROM audit_event WHERE site = 'A' AND trial = 'TIDE' AND sequence = 3",
        "DELETE FROM audit_event WHERE site = 'A' AND trial = 'TIDE' AND sequence = 11",
        "DELETE FROM audit_event WHERE site = 'A' AND trial = 'TIDE'",
        (
            "INSERT INTO audit_event SELECT site, trial, 12, action, actor, at, subject, "
            "detail, row_hash, row_hash FROM audit_event WHERE site = 'A' AND trial = 'TIDE' "
            "AND sequence = 11"
        ),
        "UPDATE audit_head SET sequence = 10 WHERE site = 'A' AND trial = 'TIDE'",
        "DELETE FROM audit_head WHERE site = 'A' AND trial = 'TIDE'",
        "UPDATE screening_revision SET status = 'ineligible' WHERE patient = 'p2'",
        "UPDATE screening_revision SET document = replace(document, 'eligible', 'needs_data')",
        "UPDATE screening_revision SET document = '{}'",
        "UPDATE screening_revision SET deadline = '2027-01-01 00:00:00'",
        "DELETE FROM onset_revision WHERE patient = 'p2'",
        "UPDATE onset_revision SET score = 1",
        "UPDATE outcome_revision SET value = 0",
        "UPDATE consent_revision SET decided_at = '2026-02-01 00:00:00'",
        "UPDATE consent_revision SET state = 'asked', basis = NULL",
        "UPDATE human_answer SET truth = 'FALSE' WHERE criterion_id = 'equipoise'",
        "DELETE FROM human_answer",
        "UPDATE randomisation SET stratum = 'shock=no' WHERE patient = 'p1'",
        "DELETE FROM randomisation WHERE patient = 'p2'",
        (
            "INSERT INTO consent_revision (consent_id, participant, revision, state, "
            "decided_at, recorded_at, actor) SELECT 'x', participant, 2, 'withdrawn', "
            "decided_at, recorded_at, actor FROM consent_revision WHERE participant = 'TIDE-A-0001'"
        ),
    ],
)
def test_tampering_is_found(registry, tamper, statement):
    tamper(statement)

    assert any(site == "A" for site, _ in broken(registry))


@pytest.mark.usefixtures("lived")
def test_the_first_changed_row_is_named(registry, tamper):
    tamper(
        "UPDATE audit_event SET actor = 'x' "
        "WHERE site = 'A' AND trial = 'TIDE' AND sequence >= 5"
    )

    assert broken(registry)["A", "TIDE"].sequence == 5


@pytest.mark.usefixtures("lived")
def test_two_rows_that_changed_places_are_found(registry, tamper):
    where = "WHERE site = 'A' AND trial = 'TIDE' AND sequence"
    for old, new in ((4, 100), (5, 4), (100, 5)):
        tamper(f"UPDATE audit_event SET sequence = {new} {where} = {old}")

    assert broken(registry)["A", "TIDE"].sequence == 4


def cut_the_last_row_off(tamper):
    """The last act, a deviation, and every trace of it in the database."""
    chain = "WHERE site = 'A' AND trial = 'TIDE'"
    tamper("DELETE FROM deviation")
    tamper(f"DELETE FROM audit_event {chain} AND sequence = 12")
    tamper(
        "UPDATE audit_head SET sequence = 11, row_hash = "
        f"(SELECT row_hash FROM audit_event {chain} AND sequence = 11) {chain}"
    )


def test_a_tail_cut_off_with_its_head_is_found_by_an_anchor_kept_outside(
    lived, registry, tamper
):
    deviation(lived, "TIDE-A-0001")
    with registry.transaction() as uow:
        (anchor,) = (h for h in uow.audit.heads() if (h.site, h.trial) == ("A", "TIDE"))
    cut_the_last_row_off(tamper)

    assert not broken(registry)
    assert broken(registry, [anchor])["A", "TIDE"].sequence == 12


def test_a_chain_that_vanished_whole_is_found_by_its_anchor(registry):
    assert {("B", "TIDE")} == set(broken(registry, [Head("B", "TIDE", 3, "ab" * 32)]))


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("act", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
def test_what_a_monitor_may_ask_about_is_appended_only(sql, registry, act):
    for table in APPEND_ONLY:
        (column, *_), *_ = _columns(sql, registry, table)
        with pytest.raises(DatabaseError, match=f"{table} is append-only"):
            sql(act.format(table, column))


def _columns(sql, registry, table):
    if registry.dialect == "sqlite":
        return [(row[1],) for row in sql(f"PRAGMA table_info({table})")]
    return sql(
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_name = '{table}'"
    )


@pytest.mark.usefixtures("lived")
def test_no_back_door_passes_the_triggers_by(registry, sql):
    doors = {
        "sqlite": "INSERT OR REPLACE INTO audit_event SELECT * FROM audit_event",
        "postgresql": "TRUNCATE audit_event",
    }
    with pytest.raises(DatabaseError, match="append-only"):
        sql(doors[registry.dialect])


@pytest.mark.usefixtures("lived")
def test_the_audit_never_says_an_arm(sql):
    told = " ".join(
        detail for (detail,) in sql("SELECT detail FROM audit_event WHERE site = 'A'")
    )

    assert "randomisation" in " ".join(
        a for (a,) in sql("SELECT action FROM audit_event")
    )
    assert "restrictive" not in told
    assert "standard" not in told


def test_a_batch_has_one_audit_row_a_chain(bedside, sql):
    bedside.open_trial()
    bedside.hear(*(bedside.verdict(f"p{n}") for n in range(30)))

    batches = "site = 'A' AND action = 'stream:batch_recorded'"
    assert sql(f"SELECT count(*) FROM audit_event WHERE {batches}") == [(1,)]


def test_a_refused_attempt_is_audited(bedside, sql):
    bedside.open_trial()
    bedside.hear(bedside.verdict())
    bedside.randomise()

    (detail,) = sql(
        "SELECT detail FROM audit_event WHERE action = 'randomisation:refused'"
    )[0]
    assert "no_consent" in detail
