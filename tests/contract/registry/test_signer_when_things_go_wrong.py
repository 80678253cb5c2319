"""The signer's process alone, with mail, Kafka, alerts and the application away."""

import json
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from made_up.role_holders import let
from psycopg.errors import InsufficientPrivilege
from servers.signer import signer_house

from registry.domain.delegation import Duty
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.roles import Role
from registry.domain.unblinding import UnblindingReason
from registry.store.signers import enrol_signer
from registry.store.unit_of_work import open_registry
from registry.usecases.break_blind import ArmShown, BreakBlind
from registry.usecases.enter_opening import EnterOpening
from registry.usecases.keep_delegations import AddDelegation, add_delegation
from registry.usecases.make_sealed_list import MakeSealedList, make_sealed_list
from registry.usecases.randomise import Randomised


pytestmark = pytest.mark.postgres

KEY, CUSTODIAN = bytes(range(32)), bytes(range(90, 122))
SECRET = "correct horse battery"
ARMS = ("zephyr", "quartz")
HOUR = timedelta(hours=1)
NOTE = "anaphylaxis, after zephyr"
"""It names an arm: who is blinded must not read it."""
STEROIDS = DomainDesign(
    domain="steroids",
    arms=tuple(map(ArmDesign, ARMS)),
    method=PermutedBlocks((2,)),
    blinded=True,
)


@pytest.fixture(scope="module")
def house(postgres, bedside_of):
    """A live blinded trial, one participant of it, and the signer that drew."""
    with signer_house(postgres, keys={"TIDE": KEY}) as house:
        signers = house.folder / "signers"
        enrol_signer(signers, "doctor", "Dr D", SECRET)
        house.start(EMBER_SIGNERS=str(signers))
        (house.folder / "secret").write_text(f"{SECRET}\n")
        (house.folder / "wrong").write_text("another secret\n")
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        bedside.open_trial(bedside.fluids, STEROIDS)
        bedside.admit("p1", "p2")
        bedside.hear(*(bedside.verdict(p, domain="steroids") for p in ("p1", "p2")))
        with app.transaction() as uow:
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
        drawn = house.client.randomise(bedside.command("p1", domain="steroids"))
        assert isinstance(drawn, Randomised)
        house.bedside, house.drawn = bedside, drawn
        yield house
        app.close()


def owner(house, query):
    with psycopg.connect(house.owner_url) as connection:
        return connection.execute(query).fetchall()


def unblind(house, *words, secret="secret"):
    """The command, with nothing in its environment but the way to the signer."""
    environment = {"EMBER_SIGNER": str(house.socket), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [
            *(sys.executable, "-c", "from registry.app.cli import main; main()"),
            *("unblind", house.drawn.participant, "--domain", "steroids"),
            *("--reason", "treatment", "--note", NOTE, "--actor", "doctor"),
            *("--secret-file", str(house.folder / secret), *words),
        ],
        env={**environment, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=house.folder,
    )


def test_the_arm_is_told_with_the_signer_and_the_database_alone(house):
    done = unblind(house, "--json")

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    ((arm,),) = owner(house, "SELECT arm FROM sealed.assignment")
    assert (told["done"], told["arm"]) == (True, arm)
    ((who, why, how, knew),) = owner(
        house, "SELECT actor, reason, authenticated_by, sponsor_told FROM unblinding"
    )
    assert (who, why, how, knew) == ("doctor", "treatment", "password", False)
    ((topic, delivered),) = owner(
        house,
        "SELECT topic, delivered_at FROM outbox WHERE topic = 'trial.unblindings'",
    )
    assert (topic, delivered) == ("trial.unblindings", None)
    assert house.bedside.broken_chains() == []


def test_who_does_not_show_who_they_are_learns_nothing(house):
    before = owner(house, "SELECT count(*) FROM unblinding")

    done = unblind(house, secret="wrong")

    assert done.returncode == 1
    assert "EMB-371" in done.stderr
    assert not any(arm in done.stdout + done.stderr for arm in ARMS)
    assert owner(house, "SELECT count(*) FROM unblinding") == before


def test_no_process_wrote_the_arm_and_no_role_but_the_signers_wrote_the_record(house):
    assert unblind(house).returncode == 0

    assert not any(arm in house.said for arm in ARMS)
    assert SECRET not in house.said
    with psycopg.connect(house.app_url) as connection:
        told = connection.execute("SELECT * FROM unblinding").fetchall()
        assert not any(arm in str(told) for arm in ARMS)
        with pytest.raises(InsufficientPrivilege):
            connection.execute("INSERT INTO unblinding SELECT * FROM unblinding")


def test_the_words_beside_the_reason_are_read_by_the_unblinded_alone(house, postgres):
    """By a login of their own at their places; not by the application, whoever it says."""
    assert unblind(house).returncode == 0
    name = house.owner_url.partition("@/")[2].partition("?")[0]
    logins = {f"{name}_board": ("dsmb", True), f"{name}_mon": ("monitor", False)}
    for login, (role, is_unblinded) in logins.items():
        postgres.run(f"CREATE ROLE {login} LOGIN IN ROLE ember_person")
        if is_unblinded:
            postgres.run(f"GRANT ember_unblinded TO {login}")
        with closing(open_registry(house.owner_url)) as book:
            let(book, login, roles=[Role(role)])
    asked = "SELECT note FROM seen.unblinding_note"
    try:
        with psycopg.connect(login_of(house, f"{name}_board")) as connection:
            assert (NOTE,) in connection.execute(asked).fetchall()
        for url, said in (
            (login_of(house, f"{name}_mon"), ()),
            (house.app_url, ()),
            (
                house.app_url,
                (
                    "SET ROLE ember_person",
                    f"SELECT set_config('ember.person', '{name}_board', false)",
                ),
            ),
        ):
            for query in (asked, "SELECT note FROM sealed.unblinding_note"):
                with psycopg.connect(url) as connection:
                    for statement in said:
                        connection.execute(statement)
                    with pytest.raises(InsufficientPrivilege):
                        connection.execute(query)
    finally:
        for login in logins:
            postgres.run(f"DROP ROLE {login}")


def login_of(house, login):
    return house.owner_url.replace("ember@", f"{login}@")


def test_a_page_of_a_sealed_list_is_entered_by_the_signer(house):
    bedside = house.bedside
    command = MakeSealedList(
        trial="TIDE",
        domain="steroids",
        site="A",
        first_no=901,
        count=4,
        key=CUSTODIAN,
        actor="custodian",
        at=bedside.noon,
    )
    with bedside.registry.transaction() as uow:
        made = make_sealed_list(command, uow)
    page = made.pages[0]
    opened = EnterOpening(
        list_id=made.sealed.list_id,
        envelope=901,
        participant="TIDE-A-0002",
        opened_at=bedside.noon + HOUR,
        opened_by="pharmacist",
        arm=page.arm,
        nonce=page.nonce,
        outage_from=bedside.noon,
        outage_until=bedside.noon + 2 * HOUR,
        actor="coordinator",
        at=bedside.noon + 3 * HOUR,
    )

    done = house.client.entered(opened)
    again = house.client.entered(opened)

    assert done.opening.findings == ()
    assert again == replace(done, repeated=True)
    assert page.arm not in repr(done)
    assert not any(arm in house.said for arm in ARMS)
    name = done.opening.randomisation_id
    query = "SELECT arm FROM sealed.assignment WHERE randomisation_id = "
    assert owner(house, f"{query}'{name}'") == [(page.arm,)]
    assert house.bedside.broken_chains() == []


def test_an_arm_is_shown_to_who_asked_and_to_no_log_of_theirs(house):
    done = house.client.unblinded(
        house_command(house, at=house.bedside.noon + 5 * HOUR)
    )
    assert isinstance(done, ArmShown)
    assert done.arm not in repr(done)


def house_command(house, *, at):
    return BreakBlind(
        participant=house.drawn.participant,
        domain="steroids",
        reason=UnblindingReason.TREATMENT,
        actor="doctor",
        secret=SECRET,
        sponsor_told=True,
        at=at,
    )
