"""The signer alone knows what kits hold, and alone says where they stand."""

import psycopg
import pytest
from made_up.pharmacy import DRUG, Pharmacy
from psycopg.errors import InsufficientPrivilege
from servers.signer import signer_house
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.domain.kit import KitAct
from registry.domain.mode import Mode
from registry.store.unit_of_work import open_registry
from registry.usecases.import_kits import ImportKits
from registry.usecases.replace_kit import ReplaceKit
from registry.usecases.set_mode import SetMode, set_mode
from streams.vocabulary.clock import HOUR


@pytest.mark.postgres
def test_the_signer_alone_knows_what_kits_hold(postgres, bedside_of):
    """Through the socket: a list, a draw, a replacement; the application reads no arm."""
    with signer_house(postgres, keys={"TIDE": bytes(range(32))}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        pharmacy = Pharmacy(bedside)
        house.start()
        listed = house.client.import_kits(
            ImportKits(
                trial="TIDE",
                domain="fluids",
                lines=pharmacy.lines,
                actor="supplier",
                at=bedside.noon,
            )
        )
        bedside.open_trial(DRUG)
        pharmacy.receive(of_each=3)
        bedside.admit("p1")

        done = house.client.randomise(bedside.command("p1"))
        pharmacy.do(KitAct.DISPENSE, done.kit)
        instead = house.client.replace_kit(
            ReplaceKit(
                trial="TIDE",
                kit=done.kit,
                site="A",
                reason="dropped",
                actor="nurse",
                at=bedside.noon + HOUR,
            )
        )

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
        app.close()
