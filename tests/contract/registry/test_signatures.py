"""A signature holds for the record as it was signed, on both databases alike."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from registry.app.commands.audit import app as audit_app
from registry.app.commands.signature import app
from registry.domain.signature import (
    LOCKED_FOR,
    MOST_FAILURES,
    Meaning,
    Signable,
    Standing,
)
from registry.store.signers import enrol_signer
from registry.usecases.record_deviation import RecordDeviation, record_deviation
from registry.usecases.sign_record import (
    RecordNotSigned,
    RecordSigned,
    SignRecord,
    sign_record,
    standing_signatures,
)
from registry.usecases.signature_ports import Authenticated
from streams.vocabulary.errors import ErrorCode, Refused


MINUTE = timedelta(minutes=1)


class Doorkeeper:
    """Knows the doctor by one word."""

    def authenticated(self, person, secret):
        known = (person, secret) == ("doctor", "open sesame")
        return Authenticated("Dr Ada Made-Up", "word") if known else None


@pytest.fixture
def deviation(lived):
    command = RecordDeviation(
        participant="TIDE-A-0001",
        kind="treatment",
        important=True,
        happened_at=lived.noon,
        description="given late",
        actor="nurse",
        at=lived.noon,
    )
    with lived.registry.transaction() as uow:
        return record_deviation(command, uow).deviation


@pytest.fixture
def sign(registry, deviation, bedside):
    def signed(**changed):
        usual = SignRecord(
            kind=Signable.DEVIATION,
            record_id=deviation.deviation_id,
            meaning=Meaning.REVIEWED,
            signer="doctor",
            secret="open sesame",
            at=bedside.noon,
        )
        with registry.transaction() as uow:
            return sign_record(replace(usual, **changed), uow, Doorkeeper())

    return signed


def standings(registry):
    with registry.inspection() as uow:
        given = uow.record_signatures.all()
        return [one.standing for one in standing_signatures(uow, given)]


def refusal(done):
    assert isinstance(done, RecordNotSigned)
    return done.obstacle.code


def test_a_signature_says_who_what_when_and_of_which_record(
    sign, registry, bedside, deviation
):
    signature = sign().signature

    assert signature.printed_name == "Dr Ada Made-Up"
    assert signature.meaning is Meaning.REVIEWED
    assert signature.signed_at == bedside.noon
    assert (signature.site, signature.trial) == ("A", "TIDE")
    with registry.inspection() as uow:
        assert uow.record_signatures.under(
            Signable.DEVIATION, deviation.deviation_id
        ) == (signature,)
    assert standings(registry) == [Standing.HOLDS]
    assert bedside.broken_chains() == []


def test_two_people_may_sign_and_one_may_sign_twice(sign, registry):
    numbers = [
        sign(meaning=m).signature.number for m in (Meaning.REVIEWED, Meaning.APPROVED)
    ]

    assert numbers == [1, 2]
    assert standings(registry) == [Standing.HOLDS, Standing.HOLDS]


@pytest.mark.parametrize(
    ("statement", "standing"),
    [
        ("UPDATE deviation SET description = 'given in time'", Standing.RECORD_CHANGED),
        ("UPDATE deviation SET actor = 'nobody'", Standing.RECORD_CHANGED),
        ("DELETE FROM deviation", Standing.RECORD_GONE),
    ],
)
def test_who_changes_the_record_undoes_its_signature(
    sign, registry, tamper, statement, standing
):
    sign()
    tamper(statement)

    assert standings(registry) == [standing]


def test_a_record_that_cannot_be_read_undoes_its_signature(sign, registry, tamper):
    sign()
    never = "x" if registry.dialect == "sqlite" else "infinity"
    tamper(f"UPDATE deviation SET recorded_at = '{never}'")

    assert standings(registry) == [Standing.UNREADABLE]


@pytest.mark.parametrize(
    "change",
    [
        "meaning = 'approved'",
        "signer = 'nurse'",
        "printed_name = 'Nobody'",
        "signed_digest = 'x'",
        "signed_at = '2026-03-02 12:00:00'",
        "record_id = 'another'",
    ],
)
def test_a_changed_signature_breaks_the_audit(sign, bedside, tamper, change):
    sign()
    tamper(f"UPDATE record_signature SET {change}")

    assert [(r.site, r.trial) for r in bedside.broken_chains()] == [("A", "TIDE")]


def test_a_record_that_was_changed_is_not_signed(sign, registry, tamper):
    tamper("UPDATE deviation SET description = 'given in time'")

    assert refusal(sign()) is ErrorCode.RECORD_CHANGED
    assert standings(registry) == []


@pytest.mark.parametrize(
    "changed", [{"record_id": "nothing"}, {"kind": Signable.CONSENT}]
)
def test_what_is_not_there_is_not_signed(sign, changed):
    assert refusal(sign(**changed)) is ErrorCode.UNKNOWN_RECORD


def test_a_failure_signs_nothing_and_is_on_record(sign, registry, sql, bedside):
    assert refusal(sign(secret="open barley")) is ErrorCode.NOT_AUTHENTICATED
    assert refusal(sign(signer="nurse")) is ErrorCode.NOT_AUTHENTICATED

    assert standings(registry) == []
    told = sql(
        "SELECT actor, detail FROM audit_event WHERE action = 'signature:failed'"
    )
    assert sorted(actor for actor, _ in told) == ["doctor", "nurse"]
    assert "barley" not in " ".join(detail for _, detail in told)
    assert bedside.broken_chains() == []


def test_a_name_is_locked_after_five_failures_for_a_quarter_of_an_hour(sign, bedside):
    for _ in range(MOST_FAILURES):
        sign(secret="wrong")

    assert refusal(sign()) is ErrorCode.SIGNING_LOCKED
    assert refusal(sign(at=bedside.noon + LOCKED_FOR)) is ErrorCode.SIGNING_LOCKED
    assert isinstance(sign(at=bedside.noon + LOCKED_FOR + MINUTE), RecordSigned)


def test_tries_at_once_are_counted_one_by_one(sign, sql):
    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(lambda _: refusal(sign(secret="wrong")), range(12)))

    assert done.count(ErrorCode.NOT_AUTHENTICATED) == MOST_FAILURES
    assert done.count(ErrorCode.SIGNING_LOCKED) == 12 - MOST_FAILURES
    failed = "SELECT count(*) FROM audit_event WHERE action = 'signature:failed'"
    assert sql(failed) == [(MOST_FAILURES,)]


@pytest.fixture
def ember(registry_url, somebody, tmp_path):
    """`ember signature ...` by a doctor with a secret in a file."""
    secret = tmp_path / "secret"
    secret.write_text("a long made-up secret\nand more\n")
    signers = tmp_path / "signers"
    enrol_signer(signers, "doctor", "Dr Ada Made-Up", "a long made-up secret")
    where = ("--registry", registry_url)
    who = ("--as", "doctor", "--signers", str(signers), "--secret-file", str(secret))

    def run(act, *words, file=secret):
        more = who if act == "sign" else ()
        if file != secret:
            more = tuple(str(file) if word == str(secret) else word for word in more)
        words = [act, *words, *more, *where]
        return CliRunner().invoke(app, words, env={"EMBER_ACTOR": somebody})

    return run


def test_signed_shown_verified_and_undone_from_the_command_line(
    ember, deviation, tamper, registry_url
):
    case = ("deviation", deviation.deviation_id)

    signed = ember("sign", *case, "--meaning", "approved")
    assert signed.exit_code == 0
    assert "approved by Dr Ada Made-Up (doctor), " in signed.stdout
    (told,) = json.loads(ember("show", *case, "--json").stdout)
    assert (told["meaning"], told["printed_name"]) == ("approved", "Dr Ada Made-Up")
    assert told["standing"] == "holds"
    assert ember("verify").exit_code == 0

    tamper("UPDATE deviation SET description = 'given in time'")

    undone = ember("verify")
    assert undone.exit_code == 1
    assert "record changed" in undone.stdout
    audited = CliRunner().invoke(audit_app, ["verify", "--registry", registry_url])
    assert audited.exit_code == 1


def test_a_wrong_secret_is_refused_and_audited_from_the_command_line(
    ember, deviation, tmp_path, sql
):
    wrong = tmp_path / "wrong"
    wrong.write_text("another secret of some length")

    done = ember(
        *("sign", "deviation", deviation.deviation_id, "--meaning", "approved"),
        file=wrong,
    )

    assert isinstance(done.exception, Refused)
    assert done.exception.code is ErrorCode.NOT_AUTHENTICATED
    failed = "SELECT count(*) FROM audit_event WHERE action = 'signature:failed'"
    assert sql(failed) == [(1,)]


@pytest.mark.usefixtures("deviation")
def test_without_signatures_nothing_fails(ember):
    done = ember("verify")

    assert (done.exit_code, done.stdout) == (0, "No signatures.\n")
