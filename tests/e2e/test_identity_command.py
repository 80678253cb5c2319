"""`ember keys`, `identity` and `intake rejected`, as they are typed."""

import json
import os
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from registry.app.rejected import LISTED_LETTERS
from registry.domain.identity import Identifier, Sighted
from registry.store.migrate import migrate
from registry.store.unit_of_work import open_registry
from registry.usecases.keep_identities import KeepIdentities, keep_identities
from streams.adapters.identity.keys import make_key, read_key
from streams.adapters.identity.sealing import Sealer, place_of
from streams.vocabulary.letters import dead_letter


EMBER = Path(sys.executable).with_name("ember")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE = b"MSH|^~\\&|LAB|NORTH\rPID|1||MRN-4711\r"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site with keys, a patient in its vault, and a sealed dead letter."""
    folder = tmp_path_factory.mktemp("site")
    url = f"sqlite:///{folder}/ember.sqlite"
    (folder / "north.yaml").write_text("site: north\nzone: Europe/London\n")
    for name in ("vault1", "vault2", "payload"):
        make_key(folder / name)
    migrate(url)
    vault = Sealer({1: read_key(folder / "vault1")})
    payload = Sealer({1: read_key(folder / "payload")})
    letter = dead_letter(
        topic="ehr.raw",
        partition=0,
        offset=1,
        key=b"k",
        value=payload.seal(MESSAGE, place_of("north", "ehr.raw")),
        code="EMB-110",
        reason="EMB-110: at PID",
        rejected_by="worker",
        rejected_at=NOON,
        form="hl7v2+aes",
    )
    seen = [Sighted("north", "p1-anna", Identifier("MR", "MRN-4711"))]
    with closing(open_registry(url)) as book, book.transaction() as uow:
        keep_identities(KeepIdentities(sighted=seen, at=NOON), uow, seal=vault)
        uow.letters.add([letter])
    return folder


def ember(site, *arguments, typed="", **environ):
    left_out = ("EMBER_", "COVERAGE_")
    plain = {k: v for k, v in os.environ.items() if not k.startswith(left_out)}
    usual = {
        "EMBER_REGISTRY": f"sqlite:///{site}/ember.sqlite",
        "EMBER_SITE": f"{site}/north.yaml",
        "EMBER_VAULT_KEYS": f"1:{site}/vault1",
        "EMBER_PAYLOAD_KEYS": f"1:{site}/payload",
    }
    return subprocess.run(
        [EMBER, *map(str, arguments)],
        env={**plain, **usual, **environ},
        input=typed,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


WHY = ("--reason", "to call the ward", "--actor", "Dr Grey")


def test_a_pseudonym_is_opened_on_record(site):
    done = ember(site, "identity", "open", "p1-anna", *WHY)
    assert (done.returncode, done.stdout) == (0, "MR\tMRN-4711\n"), done.stderr
    assert ember(site, "audit", "verify").returncode == 0


def test_who_is_not_there_is_told_in_a_sentence(site):
    done = ember(site, "identity", "open", "p1-nobody", *WHY)
    assert done.returncode == 1
    assert done.stderr.startswith("ember: EMB-304")


def test_an_identifier_is_typed_and_never_shown(site):
    done = ember(
        site, "identity", "find", "--authority", "MR", *WHY, typed="MRN-4711\n"
    )
    assert (done.returncode, done.stdout) == (0, "north\tp1-anna\n"), done.stderr

    nobody = ember(site, "identity", "find", *WHY, typed="MRN-9999\n")
    assert nobody.returncode == 1
    assert "9999" not in nobody.stderr + nobody.stdout


@pytest.mark.parametrize(
    ("environ", "code"),
    [({"EMBER_VAULT_KEYS": ""}, "EMB-312"), ({"EMBER_VAULT_KEYS": "one"}, "EMB-402")],
)
def test_without_the_key_the_vault_stays_closed(site, environ, code):
    done = ember(site, "identity", "open", "p1-anna", *WHY, **environ)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(f"ember: {code}")


def test_a_look_without_a_reason_is_refused(site):
    done = ember(site, "identity", "open", "p1-anna", "--reason", " ", "--actor", "x")
    assert done.returncode == 1
    assert "MRN" not in done.stdout


def test_who_was_named_is_written_down(site, tmp_path):
    done = ember(site, "identity", "known", "--out", tmp_path / "known")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "known").read_text() == "p1-anna\n"


def test_nobody_was_merged(site):
    done = ember(site, "identity", "merges")
    assert (done.returncode, done.stdout) == (0, "Nobody was merged.\n")


def test_a_letter_is_listed_without_what_it_holds_and_shown_with_the_key(site):
    listed = ember(site, "intake", "rejected", "list", "--json")
    (row,) = json.loads(listed.stdout)
    jsonschema.validate([row], LISTED_LETTERS.json_schema(mode="serialization"))
    assert (row["place"], row["code"], row["retries"]) == ("ehr.raw/0/1", "EMB-110", 0)
    assert "MRN" not in listed.stdout

    show = ("intake", "rejected", "show", row["message_id"][:8], "--actor", "engineer")
    assert ember(site, *show).stdout.encode() == MESSAGE.replace(b"\r", b"\n")
    closed = ember(site, *show, EMBER_PAYLOAD_KEYS="")
    assert (closed.returncode, closed.stdout) == (1, "")
    assert closed.stderr.startswith("ember: EMB-312")

    table = ember(site, "intake", "rejected", "list")
    assert "EMB-110: at PID" in table.stdout


def test_it_must_be_said_which_letters_are_sent_again(site):
    done = ember(site, "intake", "rejected", "retry", "--actor", "engineer")
    assert done.returncode == 1
    assert done.stderr.startswith("ember: EMB-402")
    unknown = ember(site, "intake", "rejected", "retry", "zzz", "--actor", "engineer")
    assert unknown.stderr.startswith("ember: EMB-331")


def test_a_new_key_is_for_its_owner_alone_and_seals_the_vault_anew(site):
    made = ember(site, "keys", "new", site / "vault3")
    assert made.returncode == 0
    assert stat.S_IMODE((site / "vault3").stat().st_mode) == 0o600
    assert ember(site, "keys", "new", site / "vault3").returncode == 1

    both = {"EMBER_VAULT_KEYS": f"1:{site}/vault1,2:{site}/vault3"}
    done = ember(site, "identity", "rotate", "--actor", "keeper", **both)
    assert done.stdout == "1 identifiers were sealed under version 2.\n", done.stderr
    alone = {"EMBER_VAULT_KEYS": f"2:{site}/vault3"}
    opened = ember(site, "identity", "open", "p1-anna", *WHY, **alone)
    assert opened.stdout == "MR\tMRN-4711\n"
    back = {"EMBER_VAULT_KEYS": f"3:{site}/vault1,2:{site}/vault3"}
    assert (
        ember(site, "identity", "rotate", "--actor", "keeper", **back).returncode == 0
    )
