"""The signer alone knows what kits hold, and alone says where they stand."""

from contextlib import closing

import psycopg
import pytest
from made_up.pharmacy import DRUG, Pharmacy
from made_up.role_holders import let
from psycopg.errors import InsufficientPrivilege
from servers.signer import signer_house
from sqlalchemy.exc import ProgrammingError
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.domain.kit import KitAct
from registry.domain.mode import Mode
from registry.store.roles import (
    KEEPER,
    READER,
    REGISTRY,
    SIGNER,
    UNBLINDED,
    grant_roles,
)
from registry.store.seeing import PERSON
from registry.store.unit_of_work import open_registry
from registry.usecases.set_mode import SetMode, set_mode


pytestmark = pytest.mark.postgres

CHOSEN_BY = ("kit", "kit_list", "kit_stock", "kit_event")
"""The tables by which the signer chooses a kit, beside what kits hold."""


@pytest.fixture(scope="module")
def house(postgres, bedside_of):
    """A site with two kits of each arm, whose stock the signer keeps."""
    with signer_house(postgres, keys={"TIDE": bytes(range(32))}) as house:
        house.start()
        with closing(open_registry(house.owner_url)) as owner:
            let(owner, "pharmacist")
        with closing(open_registry(house.app_url)) as app:
            bedside = bedside_of(app)
            house.pharmacy = Pharmacy(bedside, client=house.client)
            house.pharmacy.import_()
            bedside.open_trial(DRUG)
            house.received = house.pharmacy.receive(of_each=2)
            yield house


def as_the_app(house, statement):
    with psycopg.connect(house.app_url) as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kit_stock SET state = 'quarantined' WHERE site = 'A'",
        "UPDATE kit_stock SET site = 'nowhere'",
        "UPDATE kit_stock SET domain = 'other'",
        "UPDATE kit_stock SET randomisation_id = NULL",
        "UPDATE kit SET expires_on = '2020-01-01'",
        "INSERT INTO kit_stock SELECT * FROM kit_stock",
        "INSERT INTO kit_event SELECT * FROM kit_event",
        "INSERT INTO kit SELECT * FROM kit",
        "DELETE FROM kit_stock",
        "SELECT * FROM kit_stock FOR UPDATE",
        "SELECT * FROM kit_stock FOR NO KEY UPDATE",
        "SELECT * FROM kit_stock FOR SHARE",
        "SELECT * FROM kit_stock FOR KEY SHARE",
        "LOCK TABLE kit_stock IN ROW SHARE MODE",
        "LOCK TABLE kit_stock IN EXCLUSIVE MODE",
        "SELECT * FROM sealed.kit_content",
    ],
)
def test_the_application_neither_puts_stock_aside_nor_holds_it(house, statement):
    """Were all kits but two out of reach, a refusal would tell if they hold the same."""
    with pytest.raises(InsufficientPrivilege):
        as_the_app(house, statement)


def test_the_use_case_within_the_application_moves_nothing(house):
    past_the_signer = Pharmacy(house.pharmacy.bedside)

    with pytest.raises(ProgrammingError, match="permission denied"):
        past_the_signer.do(KitAct.QUARANTINE, house.received[0])


_MAY_TOUCH = """
    SELECT role, relname FROM pg_class, unnest(%s::text[]) AS role
    WHERE relname = ANY (%s) AND relkind = 'r' AND (
        has_table_privilege(role, oid, 'INSERT, UPDATE, DELETE, TRUNCATE, TRIGGER')
        OR has_any_column_privilege(role, oid, 'INSERT, UPDATE, REFERENCES'))
"""


def test_no_role_but_the_signers_writes_that_by_which_a_kit_is_chosen(house):
    """A column would do to hold a row, and a row that is held is passed over."""
    roles = [REGISTRY, READER, KEEPER, PERSON, UNBLINDED]

    with psycopg.connect(house.owner_url) as owner:
        others = owner.execute(_MAY_TOUCH, (roles, [*CHOSEN_BY])).fetchall()
        signer = owner.execute(_MAY_TOUCH, ([SIGNER], [*CHOSEN_BY])).fetchall()

    assert others == []
    assert {table for _, table in signer} == {*CHOSEN_BY}


def test_a_right_of_before_is_taken_back_by_the_next_grant_of_roles(postgres):
    with postgres.database() as url:
        grant_roles(url)
        with psycopg.connect(url) as owner:
            owner.execute(f"GRANT INSERT, UPDATE ON kit_stock, kit_event TO {REGISTRY}")
            owner.execute(f"GRANT UPDATE (site) ON kit_stock TO {REGISTRY}")
        grant_roles(url)
        with psycopg.connect(url) as owner:
            held = owner.execute(_MAY_TOUCH, ([REGISTRY], [*CHOSEN_BY])).fetchall()

    assert held == []


def test_the_command_asks_the_signer_for_a_shipment_all_of_it_or_nothing(
    house, monkeypatch
):
    monkeypatch.setenv("EMBER_SIGNER", str(house.socket))
    monkeypatch.setenv("EMBER_REGISTRY", house.app_url)
    first, second = sorted({*house.pharmacy.arm} - {*house.received})[:2]
    words = (
        "kit",
        "receive",
        "--trial",
        "TIDE",
        "--site",
        "A",
        "--actor",
        "pharmacist",
    )

    wrong = CliRunner().invoke(ember, [*words, second, "K0"])
    right = CliRunner().invoke(ember, [*words, second, first])
    monkeypatch.delenv("EMBER_SIGNER")
    alone = CliRunner().invoke(ember, [*words, first])

    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert "EMB-383" in wrong.stderr
    assert right.stdout == f"{first}: available\n{second}: available\n"
    assert alone.exit_code == 2
    assert "No signer is named" in alone.stderr
    assert not house.pharmacy.bedside.broken_chains()


def test_the_signer_alone_knows_what_kits_hold(postgres, bedside_of):
    """Through the socket: a list, a draw, a replacement; the application reads no arm."""
    with signer_house(postgres, keys={"TIDE": bytes(range(32))}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        pharmacy = Pharmacy(bedside, client=house.client)
        house.start()
        listed = pharmacy.import_()
        bedside.open_trial(DRUG)
        pharmacy.receive(of_each=3)
        bedside.admit("p1")

        done = house.client.randomise(bedside.command("p1"))
        pharmacy.do(KitAct.DISPENSE, done.kit)
        instead = pharmacy.replace(done.kit)

        assert (listed.kits, done.arm) == (20, None)
        assert pharmacy.arm[done.kit] == pharmacy.arm[instead.kit]
        assert not bedside.broken_chains()
        with (
            psycopg.connect(house.app_url) as connection,
            pytest.raises(InsufficientPrivilege),
        ):
            connection.execute("SELECT * FROM sealed.kit_content")
        words = ("kit", "stock", "--trial", "TIDE", "--unblinded")
        for url, code in ((house.app_url, 1), (house.signer_url, 1)):
            told = CliRunner().invoke(ember, [*words, "--registry", url])
            assert (told.exit_code, told.stdout) == (code, "")
        drill = SetMode(
            mode=Mode.SILENT, reason="a drill", actor="admin", at=bedside.noon
        )
        with app.transaction() as uow:
            set_mode(drill, uow)
        told = CliRunner().invoke(ember, [*words, "--registry", house.app_url])
        assert (told.exit_code, told.stdout) == (2, "")
        told = CliRunner().invoke(ember, [*words, "--registry", house.signer_url])
        assert told.exit_code == 0
        assert "zephyr" in told.stdout
        misspelt = [*words[:3], "TYDE", "--registry", house.signer_url]
        told = CliRunner().invoke(ember, misspelt)
        assert told.exit_code == 1
        assert "EMB-351" in told.output
        app.close()
