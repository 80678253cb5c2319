"""What is taken out is gone, told of, and no door for anything else."""

import pytest
from made_up.role_holders import let
from sqlalchemy.exc import DatabaseError
from typer.testing import CliRunner

from registry.app.commands.deviation import app
from registry.domain.redaction import TOMBSTONE
from registry.domain.roles import Role
from registry.domain.signature import Meaning, Signable, Standing
from registry.usecases.record_deviation import RecordDeviation, record_deviation
from registry.usecases.redact_deviation import (
    DeviationRedacted,
    RedactDeviation,
    RedactionRefused,
    redact_deviation,
)
from registry.usecases.sign_record import SignRecord, sign_record, standing_signatures
from registry.usecases.signature_ports import Authenticated
from streams.vocabulary.errors import ErrorCode


NAMED = "Mrs Made-Up got it late"


class Known:
    def authenticated(self, person, _secret):
        return Authenticated(person, "test")


@pytest.fixture
def deviations(lived):
    """Two, each with a name in it."""
    with lived.registry.transaction() as uow:
        return [
            record_deviation(
                RecordDeviation(
                    participant="TIDE-A-0001",
                    kind="treatment",
                    important=True,
                    happened_at=lived.noon,
                    description=NAMED,
                    actor="nurse",
                    at=lived.noon,
                ),
                uow,
            ).deviation
            for _ in range(2)
        ]


@pytest.fixture
def redact(registry, deviations, bedside):
    def redacted(reason="Art. 17, on request", deviation_id=deviations[0].deviation_id):
        command = RedactDeviation(
            deviation_id=deviation_id, reason=reason, actor="officer", at=bedside.noon
        )
        with registry.transaction() as uow:
            return redact_deviation(command, uow)

    return redacted


def test_the_text_is_gone_the_rest_stays_and_the_chain_holds(
    redact, registry, deviations, bedside, sql
):
    first, second = deviations
    told = redact().redaction

    assert (told.actor, told.reason) == ("officer", "Art. 17, on request")
    with registry.inspection() as uow:
        left = uow.deviations.one(first.deviation_id)
        assert uow.deviations.one(second.deviation_id) == second
    assert left.description == TOMBSTONE
    assert (left.kind, left.actor, left.recorded_at) == (
        *(first.kind, first.actor),
        first.recorded_at,
    )
    assert bedside.broken_chains() == []
    assert NAMED not in " ".join(
        detail for (detail,) in sql("SELECT detail FROM audit_event")
    )


@pytest.mark.parametrize(
    "change",
    [
        "SET actor = 'x'",
        "SET description = 'nothing happened'",
        "SET important = NOT important",
    ],
)
def test_a_tombstone_is_no_door_for_other_changes(redact, sql, change):
    redact()

    with pytest.raises(DatabaseError, match="deviation is append-only"):
        sql(
            f"UPDATE deviation {change}, description = '{TOMBSTONE}'"
            if "description" not in change
            else f"UPDATE deviation {change}"
        )


@pytest.mark.usefixtures("deviations")
def test_without_a_tombstone_nothing_is_taken_out(sql):
    with pytest.raises(DatabaseError, match="deviation is append-only"):
        sql(f"UPDATE deviation SET description = '{TOMBSTONE}'")


def test_a_redacted_record_is_not_removed(redact, sql):
    redact()

    with pytest.raises(DatabaseError, match="deviation is append-only"):
        sql("DELETE FROM deviation")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deviation SET actor = 'x' WHERE number = 1",
        "UPDATE deviation SET description = 'Mr Made-Up' WHERE number = 1",
        "UPDATE redaction SET reason = 'x'",
        "UPDATE redaction SET digest_after = digest_before",
        "DELETE FROM redaction",
        "UPDATE deviation SET description = '[redacted]' WHERE number = 2",
    ],
)
def test_tampering_with_what_was_redacted_is_found(redact, bedside, tamper, statement):
    redact()
    tamper(statement)

    assert [(r.site, r.trial) for r in bedside.broken_chains()] == [("A", "TIDE")]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"reason": " "}, ErrorCode.REASON_MISSING),
        ({"deviation_id": "nothing"}, ErrorCode.UNKNOWN_RECORD),
    ],
)
def test_what_cannot_be_taken_out_is_refused(redact, given, code):
    refused = redact(**given)

    assert isinstance(refused, RedactionRefused)
    assert refused.obstacle.code is code


def test_it_is_taken_out_once(redact):
    assert isinstance(redact(), DeviationRedacted)
    assert redact().obstacle.code is ErrorCode.UNKNOWN_RECORD


def test_a_signature_under_it_tells_that_something_was_taken_out(
    redact, registry, deviations, bedside
):
    with registry.transaction() as uow:
        command = SignRecord(
            kind=Signable.DEVIATION,
            record_id=deviations[0].deviation_id,
            meaning=Meaning.REVIEWED,
            signer="doctor",
            secret="",
            at=bedside.noon,
        )
        sign_record(command, uow, Known())
    redact()

    with registry.inspection() as uow:
        (told,) = standing_signatures(uow, uow.record_signatures.all())
    assert told.standing is Standing.REDACTED


def test_it_is_taken_out_from_the_command_line_by_a_site_admin_of_its_place(
    deviations, registry_url, bedside
):
    let(bedside.registry, "o", roles=(Role.SITE_ADMIN,), site="A")
    let(bedside.registry, "p", roles=(Role.SITE_ADMIN,), site="B")
    let(bedside.registry, "q", roles=(Role.COORDINATOR,), site="A")

    def taken_out(who, what=deviations[0].deviation_id):
        words = ("redact", what, "--reason", "Art. 17", "--actor", who)
        return CliRunner().invoke(app, [*words, "--registry", registry_url])

    for other in ("p", "q", "nobody"):
        assert taken_out(other).exception.code is ErrorCode.NOT_THIS_ROLE
    refused = str(taken_out("p").exception)
    assert str(taken_out("p", "no such deviation").exception) == refused
    done = taken_out("o")

    assert done.exit_code == 0
    assert "taken out" in done.stdout
    assert bedside.broken_chains() == []
