"""Emergency unblinding: on record first, the arm for who asked, and nowhere else."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.app.commands.query import app as query_app
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.delegation import Duty
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.role_matrix import MATRIX
from registry.domain.roles import Role, Sight, Surface
from registry.domain.unblinding import (
    REASONS,
    Unblinding,
    UnblindingNote,
    UnblindingReason,
    may_unblind,
)
from registry.signing.unblinding import unblinded
from registry.store.engine import database_url, make_engine
from registry.store.schema import assignments, schema, unblinding_notes
from registry.usecases.break_blind import (
    ArmShown,
    BlindIsBroken,
    BlindKept,
    BreakBlind,
    break_blind,
    show_arm,
)
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.outbox import UNBLINDINGS
from registry.usecases.signature_ports import Authenticated
from streams.vocabulary.errors import ErrorCode


ARMS = ("zephyr", "quartz")
STEROIDS = DomainDesign(
    domain="steroids",
    arms=tuple(map(ArmDesign, ARMS)),
    method=PermutedBlocks((2,)),
    blinded=True,
)
DESIGNED = {
    ("randomisation", "ratio"),
    ("randomisation", "availability"),
    ("trial_domain", "design"),
    ("audit_event", "detail"),
}
"""Where arms are named as the design's, for everybody alike."""
MINUTE = timedelta(minutes=1)
NOTE = UnblindingNote(words="anaphylaxis after zephyr", nonce="a0" * 32)
"""It names an arm."""


class Doorkeeper:
    """Knows one doctor, by one secret."""

    def authenticated(self, person, secret):
        known = (person, secret) == ("doctor", "correct horse battery")
        return Authenticated("Dr D", "password") if known else None


def command(bedside, participant="TIDE-A-0001", **changed):
    usual = {
        "domain": "steroids",
        "reason": UnblindingReason.TREATMENT,
        "actor": "doctor",
        "sponsor_told": False,
        "at": bedside.noon + 2 * MINUTE,
    }
    return BreakBlind(participant=participant, **{**usual, **changed})


def delegate(bedside, person="doctor", duty=Duty.UNBLIND):
    with bedside.registry.transaction() as uow:
        add_delegation(
            AddDelegation(
                trial="TIDE",
                site="A",
                person=person,
                duties=(duty,),
                starts_at=bedside.noon,
                reason="the team",
                actor="principal",
                at=bedside.noon,
            ),
            uow,
        )


@pytest.fixture
def blinded(bedside):
    """Two participants of a blinded domain, one of them of an open one too."""
    bedside.open_trial(bedside.fluids, STEROIDS, mode=Mode.DEMO)
    for patient in ("p1", "p2"):
        for domain in ("fluids", "steroids"):
            fit = bedside.verdict(patient, domain=domain, provenance="simulated")
            bedside.hear(fit)
        bedside.consent(patient)
    bedside.randomise("p1", domain="steroids")
    bedside.randomise("p2", domain="steroids")
    bedside.randomise("p1")
    delegate(bedside)
    return bedside


def sealed(registry_url, registry):
    """By participant, the arm in the blinded domain, as the owner of the tables sees it."""
    tables = schema(registry.dialect).tables
    arms, drawn = assignments(registry.dialect), tables["randomisation"]
    engine = make_engine(database_url(registry_url))
    with engine.connect() as connection:
        joined = arms.join(
            drawn, drawn.c.randomisation_id == arms.c.randomisation_id
        ).select()
        found = connection.execute(joined).mappings().all()
    engine.dispose()
    return {r["participant"]: r["arm"] for r in found if r["domain"] == "steroids"}


def arms_found(registry_url, registry):
    """Table and column wherever a row names an arm, the sealed ones left out."""
    engine = make_engine(database_url(registry_url))
    sealed = (assignments(registry.dialect), unblinding_notes(registry.dialect))
    hidden = {table.fullname for table in sealed}
    with engine.connect() as connection:
        found = {
            (table.name, column)
            for table in schema(registry.dialect).sorted_tables
            if table.fullname not in hidden
            for row in connection.execute(table.select()).mappings()
            for column, value in row.items()
            if any(arm in str(value) for arm in ARMS)
        }
    engine.dispose()
    return found


def test_who_asks_is_told_the_arm_that_was_drawn(blinded, registry, registry_url):
    done = unblinded(command(blinded), registry, None)

    assert isinstance(done, ArmShown)
    assert done.arm == sealed(registry_url, registry)["TIDE-A-0001"]
    assert done.arm not in repr(done)
    assert blinded.broken_chains() == []


def test_it_is_committed_before_the_arm_is_read(blinded, registry):
    """Whoever is killed between the two has no arm, and is on record."""
    with registry.transaction() as uow:
        done = break_blind(command(blinded), uow, None)
    assert isinstance(done, BlindIsBroken)

    with registry.inspection() as uow:
        (told,) = uow.unblindings.of_trial("TIDE")
    assert (told.actor, told.reason, told.authenticated_by) == (
        "doctor",
        UnblindingReason.TREATMENT,
        "nothing",
    )
    with registry.inspection() as uow:
        assert isinstance(show_arm(told, uow), ArmShown)


def test_an_unblinding_that_is_not_on_record_shows_nothing(blinded, registry):
    with registry.transaction() as uow, uow.savepoint() as attempt:
        made_up = break_blind(command(blinded), uow, None).unblinding
        attempt.take_back()
    with registry.inspection() as uow:
        done = show_arm(made_up, uow)
    assert done.obstacle.name == "not_on_record"


def test_no_arm_is_anywhere_the_application_looks(
    blinded, registry, registry_url, capfd, caplog
):
    before = arms_found(registry_url, registry)
    unblinded(command(blinded, note=NOTE), registry, None)
    unblinded(command(blinded, actor="stranger", note=NOTE), registry, None)

    assert arms_found(registry_url, registry) == before <= DESIGNED
    with registry.inspection() as uow:
        details = [
            row.detail
            for row in uow.audit.rows(site="A", trial="TIDE")
            if row.action.startswith("blind:")
        ]
    assert len(details) == 2
    written = [*details, *capfd.readouterr(), caplog.text]
    assert not any(arm in text for arm in ARMS for text in written)


def test_sponsor_and_monitor_are_told_for_whom_and_nothing_else(blinded, registry):
    unblinded(command(blinded, sponsor_told=True), registry, None)

    (told,) = blinded.told(UNBLINDINGS)
    assert (told["participant"], told["domain"]) == ("TIDE-A-0001", "steroids")
    assert not {"arm", "reason", "actor"} & told.keys()
    with registry.inspection() as uow:
        (record,) = uow.unblindings.of_trial("TIDE")
    assert record.sponsor_told


def test_the_same_question_again_is_one_record_and_another_ask_is_another(
    blinded, registry
):
    first = unblinded(command(blinded), registry, None)
    assert first == unblinded(command(blinded), registry, None)
    delegate(blinded, "nurse", Duty.PRESCRIBE)
    second = unblinded(command(blinded, actor="nurse"), registry, None)

    assert [first.unblinding.number, second.unblinding.number] == [1, 2]
    assert len(blinded.told(UNBLINDINGS)) == 2
    assert blinded.broken_chains() == []


@pytest.mark.parametrize(
    ("changed", "code", "name"),
    [
        (
            {"participant": "TIDE-A-0009"},
            ErrorCode.NOT_DELEGATED,
            "not_delegated",
        ),
        ({"domain": "fluids"}, ErrorCode.BLIND_KEPT, "not_blinded"),
        (
            {"domain": "fluids", "participant": "TIDE-A-0002"},
            ErrorCode.BLIND_KEPT,
            "not_randomised",
        ),
        ({"actor": "stranger"}, ErrorCode.NOT_DELEGATED, "not_delegated"),
    ],
)
def test_the_blind_is_kept_with_a_named_reason(blinded, registry, changed, code, name):
    done = unblinded(command(blinded, **changed), registry, None)

    assert isinstance(done, BlindKept)
    assert (done.obstacle.code, done.obstacle.name) == (code, name)
    with registry.inspection() as uow:
        assert uow.unblindings.of_trial(None) == ()
    assert blinded.told(UNBLINDINGS) == []


@pytest.mark.parametrize("participant", ["TIDE-A-0001", "TIDE-A-0009"])
def test_who_may_not_ask_does_not_learn_whether_there_is_such_a_participant(
    blinded, registry, participant
):
    asked = command(blinded, participant)

    for told in (
        unblinded(replace(asked, actor="stranger"), registry, None),
        unblinded(
            replace(asked, actor="stranger", secret="a guess"), registry, Doorkeeper()
        ),
        unblinded(replace(asked, secret=None), registry, Doorkeeper()),
    ):
        assert told.obstacle.code is not ErrorCode.UNKNOWN_PARTICIPANT
        assert told.obstacle.name in (
            "not_delegated",
            "not_authenticated",
            "secret_wanted",
        )
    assert (
        unblinded(replace(asked, actor="stranger"), registry, None).obstacle.name
        == "not_delegated"
    )


@pytest.mark.parametrize(
    ("participant", "domain"),
    [("TIDE-A-0001", "steroids"), ("TIDE-A-0001", "fluids"), ("TIDE-A-0002", "fluids")],
)
def test_who_may_not_ask_does_not_learn_whether_anything_was_drawn_or_is_hidden(
    blinded, registry, participant, domain
):
    asked = command(blinded, participant, domain=domain)

    stranger = unblinded(replace(asked, actor="stranger"), registry, None)
    guess = unblinded(replace(asked, secret="a guess"), registry, Doorkeeper())

    assert stranger.obstacle.name == "not_delegated"
    assert guess.obstacle.name == "not_authenticated"
    with registry.inspection() as uow:
        tries = [
            row.subject
            for row in uow.audit.rows(site="A", trial="TIDE")
            if row.action == "blind:kept"
        ]
    assert tries == [participant, participant]


@pytest.mark.parametrize(
    ("secret", "name"),
    [(None, "secret_wanted"), ("wrong", "not_authenticated")],
)
def test_who_does_not_show_who_they_are_is_told_nothing(
    blinded, registry, secret, name
):
    done = unblinded(command(blinded, secret=secret), registry, Doorkeeper())
    assert (done.obstacle.code, done.obstacle.name) == (
        ErrorCode.NOT_AUTHENTICATED,
        name,
    )


def test_who_shows_who_they_are_is_on_record_with_how(blinded, registry):
    asked = command(blinded, secret="correct horse battery")

    done = unblinded(asked, registry, Doorkeeper())

    assert done.unblinding.authenticated_by == "password"
    assert "horse" not in repr(asked)


def test_an_arm_that_was_tampered_with_is_told_to_nobody(
    blinded, registry, tamper, registry_url
):
    table = assignments(registry.dialect).fullname
    other = {"zephyr": "quartz", "quartz": "zephyr"}
    arm = sealed(registry_url, registry)["TIDE-A-0001"]
    tamper(f"UPDATE {table} SET arm = '{other[arm]}' WHERE arm = '{arm}'")

    done = unblinded(command(blinded), registry, None)

    assert (done.obstacle.code, done.obstacle.name) == (
        ErrorCode.ARM_DIFFERS,
        "arm_not_as_committed",
    )


def test_the_flow_counts_participants_and_the_list_tells_no_arm(
    blinded, registry, registry_url
):
    for minutes in (2, 3):
        at = blinded.noon + minutes * MINUTE
        unblinded(command(blinded, at=at), registry, None)
    with registry.reading() as views:
        flow = {
            row.domain: row.unblinded
            for row in views.flow_at(blinded.noon + 2 * MINUTE * 60)
        }
        before = views.flow_at(blinded.noon + MINUTE)
    assert flow == {"fluids": 0, "steroids": 1}
    assert {row.unblinded for row in before} == {0}

    words = ["unblindings", "--registry", registry_url, "--json"]
    done = CliRunner().invoke(query_app, words)
    assert [row["number"] for row in json.loads(done.stdout)] == [1, 2]
    table = CliRunner().invoke(query_app, words[:-1])
    assert "treatment" in table.stdout
    assert not any(arm in done.stdout + table.stdout for arm in ARMS)


def test_each_reason_of_the_closed_list_is_in_words():
    assert set(REASONS) == set(UnblindingReason)
    assert not any("zephyr" in told for told in map(repr, (NOTE, command_of(NOTE))))


def command_of(note):
    at = datetime(2026, 3, 1, tzinfo=UTC)
    return BreakBlind(
        participant="TIDE-A-0001",
        domain="steroids",
        reason=UnblindingReason.TREATMENT,
        note=note,
        actor="doctor",
        sponsor_told=False,
        at=at,
    )


@pytest.mark.usefixtures("blinded")
@pytest.mark.parametrize("said", [(), ("--reason", "anaphylaxis"), ("--reason", "")])
def test_without_a_code_of_the_list_the_list_is_told_and_nothing_asked(
    registry, registry_url, said
):
    words = ["TIDE-A-0001", "--domain", "steroids", "--actor", "doctor", *said]
    done = CliRunner().invoke(ember, ["unblind", *words, "--registry", registry_url])

    assert done.exit_code == 1
    assert "EMB-374" in done.stderr
    assert all(code.value in done.stderr for code in UnblindingReason)
    with registry.inspection() as uow:
        assert uow.unblindings.of_trial(None) == ()


def test_the_words_beside_the_code_are_kept_and_told_by_no_list(
    blinded, registry, registry_url
):
    done = unblinded(command(blinded, note=NOTE), registry, None)

    with registry.inspection() as uow:
        assert uow.unblindings.note(done.unblinding.unblinding_id) == NOTE
    told = CliRunner().invoke(
        query_app, ["unblindings", "--registry", registry_url, "--json"]
    )
    assert "zephyr" not in told.stdout
    assert '"reason":"treatment"' in told.stdout


TAMPERED = {
    "changed": "UPDATE {notes} SET note = 'nothing'",
    "taken away": "DELETE FROM {notes}",
    "another code": "UPDATE unblinding SET reason = 'other'",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_reason_or_its_words_that_somebody_was_at_are_found(
    blinded, registry, tamper, how
):
    unblinded(command(blinded, note=NOTE), registry, None)
    assert blinded.broken_chains() == []

    tamper(TAMPERED[how].format(notes=unblinding_notes(registry.dialect).fullname))

    assert len(blinded.broken_chains()) == 1


def test_words_that_were_put_beside_a_code_later_are_found(blinded, registry, sql):
    done = unblinded(command(blinded), registry, None)

    notes, name = unblinding_notes(registry.dialect), done.unblinding.unblinding_id
    sql(f"INSERT INTO {notes.fullname} VALUES ('{name}', 'because', '00')")

    assert len(blinded.broken_chains()) == 1


@pytest.fixture
def uncoded(blinded, registry):
    """A blind that was broken before there were codes, as the migration left it."""
    words = UnblindingNote(words="shock after zephyr", nonce="")
    with registry.transaction() as uow:
        drawn = uow.allocations.stored(
            trial="TIDE", domain="steroids", participant="TIDE-A-0001"
        )
        broken = Unblinding(
            unblinding_id="of-before",
            site="A",
            trial="TIDE",
            domain="steroids",
            participant="TIDE-A-0001",
            randomisation_id=drawn.randomisation_id,
            number=1,
            reason=UnblindingReason.OTHER,
            actor="doctor",
            authenticated_by="nothing",
            sponsor_told=False,
            at=blinded.noon,
        )
        uow.unblindings.add(broken, words)
        was = record_digest(replace(broken, reason=words.words))
        uow.audit.append(
            AuditEntry(
                site="A",
                trial="TIDE",
                action=AuditAction.BLIND_BROKEN,
                actor="doctor",
                at=broken.at,
                subject=broken.unblinding_id,
                detail={"record": was, "reason": words.words},
            )
        )
    return blinded


def test_a_reason_of_before_codes_is_verified_as_it_was_written(uncoded):
    assert uncoded.broken_chains() == []


@pytest.mark.parametrize("how", TAMPERED)
def test_a_reason_of_before_codes_that_somebody_was_at_is_found(
    uncoded, registry, tamper, how
):
    statement = TAMPERED[how].replace("'other'", "'susar'")
    tamper(statement.format(notes=unblinding_notes(registry.dialect).fullname))

    assert len(uncoded.broken_chains()) == 1


def test_who_may_unblind_treats_or_answers_for_who_treats():
    assert all(map(may_unblind, ("investigator", "unblind", "prescribe")))
    assert may_unblind(Duty.SIGN_ELIGIBILITY)
    others = ("coordinator", "monitor", "dsmb", "auditor", "take_consent", "", "pi")
    assert not any(map(may_unblind, others))


@pytest.mark.parametrize("role", Role)
def test_the_matrix_lets_those_roles_break_a_blind_whom_unblinding_lets(role):
    cell = MATRIX[Surface.BREAK_BLIND][role]
    assert (cell.sight is Sight.MAY) == may_unblind(role)
