"""Decoys: staff rehearse the whole way, nothing real moves, and a guesser gains nothing."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.domain.delegation import Duty
from registry.domain.extracts import Cut, Extract
from registry.domain.mode import Mode
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.rehearsal import decoy_arm, decoy_code, is_decoy
from registry.domain.unblinding import UnblindingNote, UnblindingReason
from registry.signing.unblinding import unblinded
from registry.store.engine import database_url, make_engine
from registry.store.extracts import Wanted
from registry.store.schema import schema
from registry.usecases.break_blind import ArmShown, BreakBlind
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.outbox import UNBLINDINGS
from registry.usecases.rehearse import NotRehearsed, RehearseDraw, rehearse_draw
from registry.usecases.signature_ports import Authenticated
from registry.usecases.verify_randomisation import verify_randomisation
from streams.vocabulary.errors import ErrorCode


HOUR = timedelta(hours=1)
PATIENTS = tuple(f"p{n}" for n in range(1, 9))
APART = {"rehearsal", "audit_event", "audit_head"}


@pytest.fixture
def theatre(bedside):
    """A demo with a blinded domain beside an open one."""
    hidden = replace(bedside.fluids, domain="mask", blinded=True)
    bedside.open_trial(bedside.fluids, hidden, mode=Mode.DEMO)
    for patient in PATIENTS:
        bedside.hear(bedside.verdict(patient, provenance="simulated"))
        bedside.consent(patient)
    with bedside.registry.transaction() as uow:
        add_delegation(
            AddDelegation(
                trial="TIDE",
                site="A",
                person="doctor",
                duties=(Duty.UNBLIND,),
                starts_at=bedside.noon,
                reason="the team",
                actor="principal",
                at=bedside.noon,
            ),
            uow,
        )
    return bedside


def rehearse(bedside, domain="mask", **changed):
    usual = {"trial": "TIDE", "site": "A", "actor": "nurse", "at": bedside.noon}
    command = RehearseDraw(domain=domain, **{**usual, **changed})
    with bedside.registry.transaction() as uow:
        return rehearse_draw(command, uow)


def asking(bedside, code, **changed):
    usual = {
        "domain": "mask",
        "reason": UnblindingReason.OTHER,
        "note": UnblindingNote(words="practice", nonce="00"),
        "actor": "doctor",
        "sponsor_told": False,
        "at": bedside.noon + HOUR,
    }
    return BreakBlind(participant=code, **{**usual, **changed})


def counted(bedside):
    """All that is counted, listed, exported or told outside."""
    until = bedside.noon + 9 * HOUR
    cut = Cut(recorded_until=until, happened_until=until)
    with bedside.registry.reading() as views:
        told = [views.flow_at(until), views.flow()]
    with bedside.registry.inspection() as uow:
        told.append(uow.unblindings.of_trial(None))
    with bedside.registry.extracts() as extracts:
        told += [
            list(extracts.rows(Wanted(extract=extract, cut=cut)))
            for extract in (Extract.PARTICIPANTS, Extract.SUBJECTS, Extract.OUTCOMES)
        ]
    return told


def rows(bedside, registry_url):
    """By table, all rows; the rehearsals' own and the audit left out."""
    engine = make_engine(database_url(registry_url))
    with engine.connect() as connection:
        found = {
            table.fullname: [tuple(row) for row in connection.execute(table.select())]
            for table in schema(bedside.registry.dialect).sorted_tables
            if table.name not in APART
        }
    engine.dispose()
    return found


@pytest.mark.parametrize("site", ["B", " "])
def test_a_site_that_the_protocol_does_not_name_rehearses_nothing(bedside, site):
    bedside.declare(sites=[{"id": "A"}])

    refused = rehearse(bedside, "fluids", site=site)

    assert isinstance(refused, NotRehearsed)
    assert refused.obstacle.name == "no_such_site"
    assert not isinstance(rehearse(bedside, "fluids"), NotRehearsed)


def test_the_whole_way_is_rehearsed(theatre, registry):
    drawn = rehearse(theatre)
    shown = unblinded(asking(theatre, drawn.rehearsal.code), registry, None)
    again = unblinded(asking(theatre, drawn.rehearsal.code), registry, None)

    assert drawn.arm is None
    assert drawn.rehearsal.kit.startswith("REHEARSAL-")
    assert isinstance(shown, ArmShown)
    assert shown == again
    assert shown.arm == decoy_arm(drawn.rehearsal)
    assert shown.unblinding.number == 1
    assert theatre.broken_chains() == []


def test_of_an_open_domain_the_arm_is_told_at_once(theatre, registry):
    drawn = rehearse(theatre, "fluids")
    assert drawn.arm in ("restrictive", "standard")
    kept = unblinded(
        asking(theatre, drawn.rehearsal.code, domain="fluids"), registry, None
    )
    assert kept.obstacle.name == "not_blinded"


def test_nothing_real_moves_by_a_rehearsal(theatre, registry, registry_url):
    theatre.randomise("p1")
    before, listed = rows(theatre, registry_url), counted(theatre)

    for _ in range(3):
        drawn = rehearse(theatre)
        rehearse(theatre, "fluids")
        unblinded(asking(theatre, drawn.rehearsal.code), registry, None)

    assert rows(theatre, registry_url) == before
    assert counted(theatre) == listed
    assert theatre.told(UNBLINDINGS) == []


def test_the_draws_of_participants_are_the_same_with_and_without(theatre, registry):
    """The numbers are without a gap, and the key gives every arm again."""
    for patient in PATIENTS:
        rehearse(theatre, "fluids")
        theatre.randomise(patient)
    with registry.inspection() as uow:
        report = verify_randomisation("TIDE", uow, signer=theatre.signer)
        numbers = [one.sequence_no for one in uow.allocations.of_trial("TIDE")]

    assert (report.holds, report.checked) == (True, len(PATIENTS))
    assert numbers == list(range(1, len(PATIENTS) + 1))


def test_who_knows_every_decoy_knows_nothing_of_a_participant(theatre):
    """Of 400 numbers, decoy and participant agree as two coins do."""
    made = rehearse(theatre, "fluids").rehearsal
    arms = [decoy_arm(replace(made, number=n)) for n in range(1, 401)]
    assert 150 < Counter(arms)["standard"] < 250

    real = [
        theatre.signer.arm(
            Position("TIDE", "fluids", "shock=yes", n),
            design=theatre.fluids,
            history=KnownHistory(),
        ).arm
        for n in range(1, 401)
    ]
    agree = sum(a == b for a, b in zip(arms, real, strict=True))
    assert 150 < agree < 250


def test_a_decoy_is_told_from_a_participant_by_its_code(theatre):
    first, second = rehearse(theatre).rehearsal, rehearse(theatre).rehearsal
    assert (first.number, second.number) == (1, 2)
    assert second.code == decoy_code("TIDE", "mask", "A", 2)
    assert is_decoy(second.code)
    assert not is_decoy("TIDE-A-0001")


@pytest.mark.parametrize(
    ("changed", "code", "name"),
    [
        ({"domain": "fluids"}, ErrorCode.REHEARSAL, "no_such_decoy"),
        ({"actor": "stranger"}, ErrorCode.NOT_DELEGATED, "not_delegated"),
    ],
)
def test_the_same_gate_is_rehearsed(theatre, registry, changed, code, name):
    drawn = rehearse(theatre)
    done = unblinded(asking(theatre, drawn.rehearsal.code, **changed), registry, None)
    assert (done.obstacle.code, done.obstacle.name) == (code, name)


class Doorkeeper:
    """Knows one doctor, by one secret."""

    def authenticated(self, person, secret):
        known = (person, secret) == ("doctor", "correct horse battery")
        return Authenticated("Dr D", "password") if known else None


def test_a_secret_that_is_tried_at_a_decoy_is_on_record(theatre, registry):
    code = rehearse(theatre).rehearsal.code

    unblinded(asking(theatre, code, secret="a guess"), registry, Doorkeeper())

    with registry.inspection() as uow:
        last = list(uow.audit.rows(site="A", trial="TIDE"))[-1]
    assert (last.action, last.actor, last.subject) == ("blind:kept", "doctor", code)
    assert theatre.broken_chains() == []


def test_what_is_not_there_cannot_be_rehearsed(theatre):
    assert isinstance(rehearse(theatre, "drug"), NotRehearsed)


@pytest.mark.usefixtures("theatre")
def test_the_commands_are_those_of_the_night(registry, registry_url):
    words = ["rehearse", "TIDE", "--domain", "mask", "--site", "A", "--actor", "nurse"]
    done = CliRunner().invoke(ember, [*words, "--registry", registry_url])
    assert done.exit_code == 0, done.output
    assert "the arm is hidden" in done.stdout
    if registry.dialect == "postgresql":
        return
    code = done.stdout.splitlines()[1].partition(":")[0]
    words = [
        "unblind",
        code,
        "--domain",
        "mask",
        "--reason",
        "other",
        "--actor",
        "doctor",
    ]
    shown = CliRunner().invoke(ember, [*words, "--registry", registry_url])
    assert shown.exit_code == 0, shown.output
    assert code in shown.stdout
    assert "a decoy is nobody, and nobody is told" in shown.stdout
    assert "ponsor" not in shown.stdout
    other = [*words[:-1], "stranger"]
    kept = CliRunner().invoke(ember, [*other, "--registry", registry_url])
    assert kept.exit_code == 1
    assert "EMB-363" in kept.stderr
