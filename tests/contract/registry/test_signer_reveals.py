"""A deferred arm is told by the signer's process alone; no row opens it past it."""

from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from made_up.role_holders import let
from psycopg.errors import InsufficientPrivilege
from servers.signer import signer_house
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.domain.protocol import ArmDesign
from registry.store.roles import REGISTRY, SIGNER
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomised
from registry.usecases.reveal_arm import NotRevealed, RevealArm, reveal_arm
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused


pytestmark = pytest.mark.postgres

ARMS = ("zephyr", "quartz")
ADDS_A_REVEAL = """
    INSERT INTO arm_reveal
        (randomisation_id, trial, site, domain, participant, actor, at)
    SELECT randomisation_id, trial, site, domain, participant, 'me', now()
    FROM randomisation
"""
PATIENTS = ("told", "unsettled", "at-the-command", "kept")


@pytest.fixture(scope="module")
def house(postgres, bedside_of):
    """A deferred domain, and whoever was drawn in it: nobody knows to what."""
    with signer_house(postgres, keys={"TIDE": bytes(range(32))}) as house:
        house.start()
        with closing(open_registry(house.owner_url)) as owner:
            let(owner, "doctor")
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        deferred = replace(
            bedside.fluids, arms=tuple(map(ArmDesign, ARMS)), deferred=True
        )
        bedside.open_trial(deferred)
        bedside.hear(*(bedside.needs_human(patient) for patient in PATIENTS))
        for patient in PATIENTS:
            bedside.consent(patient)
        house.bedside = bedside
        house.drawn = {
            patient: house.client.randomise(bedside.command(patient))
            for patient in PATIENTS
        }
        yield house
        app.close()


def settle(house, patient):
    house.bedside.answer("equipoise", "TRUE", patient)
    house.bedside.answer("dying", "FALSE", patient)


def asked(house, patient, domain="fluids"):
    return RevealArm(
        trial="TIDE",
        domain=domain,
        participant=house.drawn[patient].participant,
        reason=None,
        actor="doctor",
        at=house.bedside.noon + 2 * HOUR,
    )


def owner(house, query, *values):
    with psycopg.connect(house.owner_url) as connection:
        return connection.execute(query, values).fetchall()


def as_the_app(house, statement, *values):
    with psycopg.connect(house.app_url) as connection:
        return connection.execute(statement, values).fetchall()


def test_the_signer_tells_the_arm_once_it_is_settled_and_tells_it_again(house):
    drawn = house.drawn["told"]
    assert isinstance(drawn, Randomised)
    assert drawn.arm is None

    settle(house, "told")
    told = house.client.reveal_arm(asked(house, "told"))
    again = house.client.reveal_arm(asked(house, "told"))

    name = drawn.randomisation_id
    sealed = owner(
        house, "SELECT arm FROM sealed.assignment WHERE randomisation_id = %s", name
    )
    assert sealed == [(told.arm,)]
    assert again == replace(told, repeated=True)
    seen = "SELECT arm FROM open_label_arm WHERE randomisation_id = %s"
    assert as_the_app(house, seen, name) == sealed
    assert not house.bedside.broken_chains()


def test_what_is_not_settled_is_told_and_the_arm_is_not(house):
    done = house.client.reveal_arm(asked(house, "unsettled"))

    assert isinstance(done, NotRevealed)
    assert {one.name for one in done.gate.obstacles} == {"human_answer_missing"}
    with pytest.raises(Refused) as fault:
        house.client.reveal_arm(asked(house, "unsettled", domain="steroids"))
    assert fault.value.code is ErrorCode.REVEAL


def test_the_command_asks_the_signer(house, monkeypatch):
    settle(house, "at-the-command")
    monkeypatch.setenv("EMBER_SIGNER", str(house.socket))
    monkeypatch.setenv("EMBER_REGISTRY", house.app_url)
    participant = house.drawn["at-the-command"].participant
    words = ("reveal", "arm", participant, "--trial", "TIDE", "--domain", "fluids")

    done = CliRunner().invoke(ember, [*words, "--actor", "doctor"])

    assert done.exit_code == 0, done.output
    assert any(f"arm {arm}," in done.stdout for arm in ARMS)
    monkeypatch.delenv("EMBER_SIGNER")
    alone = CliRunner().invoke(ember, [*words, "--actor", "doctor"])
    assert alone.exit_code == 2
    assert "No signer is named" in alone.stderr
    assert not any(arm in alone.output for arm in ARMS)


@pytest.mark.parametrize(
    "statement",
    [
        ADDS_A_REVEAL,
        "UPDATE arm_reveal SET at = now()",
        "DELETE FROM arm_reveal",
        "TRUNCATE arm_reveal",
        "UPDATE randomisation SET deferred = false",
        "UPDATE open_label_arm SET arm = 'zephyr'",
        "INSERT INTO open_label_arm SELECT randomisation_id, 'zephyr' FROM randomisation",
        "INSERT INTO unblinding SELECT * FROM unblinding",
        "INSERT INTO sealed_opening SELECT * FROM sealed_opening",
        "SELECT * FROM sealed.assignment",
        "SELECT * FROM sealed.kit_content",
        "SELECT * FROM seen.any_arm",
        "ALTER TABLE arm_reveal DISABLE ROW LEVEL SECURITY",
        f"SET ROLE {SIGNER}",
        f"GRANT {SIGNER} TO {REGISTRY}",
    ],
)
def test_the_application_opens_no_hidden_arm_by_any_statement(house, statement):
    hidden = house.drawn["kept"].randomisation_id

    with pytest.raises(psycopg.Error) as fault:
        as_the_app(house, statement)

    refused = (InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
    assert isinstance(fault.value, refused), fault.value
    seen = "SELECT arm FROM open_label_arm WHERE randomisation_id = %s"
    assert as_the_app(house, seen, hidden) == []


def test_the_use_case_within_the_application_reveals_nothing(house):
    settle(house, "kept")

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        house.bedside.registry.transaction() as uow,
    ):
        reveal_arm(asked(house, "kept"), uow)


_LETS_SEE = """
    SELECT DISTINCT used.relname
    FROM pg_rewrite AS rule
    JOIN pg_class AS seen ON seen.oid = rule.ev_class AND seen.relkind = 'v'
    JOIN pg_depend AS needs ON needs.objid = rule.oid
        AND needs.classid = 'pg_rewrite'::regclass
        AND needs.refclassid = 'pg_class'::regclass
    JOIN pg_class AS used ON used.oid = needs.refobjid AND used.oid <> seen.oid
    WHERE has_table_privilege(%s, seen.oid, 'SELECT')
        AND seen.relnamespace IN ('public'::regnamespace, 'seen'::regnamespace)
"""
_MAY_CHANGE = """
    SELECT relname FROM pg_class
    WHERE relname = ANY (%s) AND relkind IN ('r', 'v')
        AND has_table_privilege(
            %s, oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES')
"""
_BY_THE_OWNERS_RIGHTS = """
    SELECT proname FROM pg_proc
    WHERE prosecdef AND has_function_privilege(%s, oid, 'EXECUTE')
        AND pronamespace IN (
            'public'::regnamespace, 'seen'::regnamespace, 'sealed'::regnamespace)
"""


def test_no_table_that_a_view_of_arms_reads_is_the_applications_to_change(house):
    """Whatever a view of a later version reads is asked the same question here."""
    read = [name for (name,) in owner(house, _LETS_SEE, REGISTRY)]

    assert {"assignment", "randomisation", "arm_reveal"} <= set(read)
    assert owner(house, _MAY_CHANGE, read, REGISTRY) == []
    assert "arm_reveal" in {name for (name,) in owner(house, _MAY_CHANGE, read, SIGNER)}


def test_what_runs_by_the_owners_rights_only_reads_grants_and_protocols(house):
    found = {name for (name,) in owner(house, _BY_THE_OWNERS_RIGHTS, REGISTRY)}

    assert found == {"ember_scope", "ember_untold"}
