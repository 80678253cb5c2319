"""The signer's own process: it alone draws, and the application only asks."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import psycopg
import pytest
from made_up.role_holders import let
from psycopg.errors import InsufficientPrivilege
from servers.signer import COMMAND, signer_house
from typer.testing import CliRunner

from registry.app.cli import app as ember
from registry.domain.answered import Answer
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.draws import Position, commitment
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import PermutedBlocks
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import NotRandomised
from registry.usecases.randomise_domains import RandomiseDomains
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


pytestmark = pytest.mark.postgres

KEY = bytes(range(32))
STEROIDS = DomainDesign(
    domain="steroids",
    arms=(ArmDesign("zephyr"), ArmDesign("quartz")),
    method=PermutedBlocks((2, 3)),
    blinded=True,
)


@pytest.fixture(scope="module")
def house(postgres):
    with signer_house(postgres, keys={"TIDE": KEY, "ember-demo": KEY}) as house:
        yield house


@pytest.fixture(scope="module")
def entitled(house):
    """The doctor has the roles that randomising takes."""
    with closing(open_registry(house.owner_url)) as book:
        let(book, "doctor")


@pytest.fixture(scope="module")
def asking(house):
    """A signer that runs for all tests of this module."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    house.start(EMBER_HTTP=f"127.0.0.1:{port}")
    return port


@pytest.fixture
def bedside(house, bedside_of):
    """As the application sees the registry, with a trial of two domains."""
    app = open_registry(house.app_url)
    bedside = bedside_of(app)
    bedside.open_trial(bedside.fluids, STEROIDS)
    yield bedside
    app.close()


def admitted(bedside, *patients):
    bedside.admit(*patients)
    bedside.hear(*(bedside.verdict(p, domain="steroids") for p in patients))


@pytest.mark.usefixtures("asking")
def test_an_open_label_arm_is_the_one_the_key_draws_and_comes_again(house, bedside):
    admitted(bedside, "open-1")
    client = house.client

    done = client.randomise(bedside.command("open-1"))
    again = client.randomise(bedside.command("open-1"))

    position = Position("TIDE", "fluids", "shock=yes", done.sequence_no)
    drawn = KeyedSigner({"TIDE": KEY}).arm(
        position, design=bedside.fluids, history=KnownHistory()
    )
    assert drawn.arm == done.arm
    assert again == replace(done, repeated=True)


@pytest.mark.usefixtures("asking")
def test_a_blinded_arm_reaches_nobody_who_asked(house, bedside):
    admitted(bedside, "blind-1")

    done = house.client.randomise(bedside.command("blind-1", domain="steroids"))

    assert done.arm is None
    with psycopg.connect(house.owner_url) as owner:
        query = "SELECT arm FROM sealed.assignment WHERE randomisation_id = %s"
        sealed = owner.execute(query, [done.randomisation_id]).fetchone()
    assert sealed[0] in {"zephyr", "quartz"}
    with psycopg.connect(house.app_url) as app:
        query = "SELECT count(*) FROM open_label_arm WHERE randomisation_id = %s"
        assert app.execute(query, [done.randomisation_id]).fetchone() == (0,)
        with pytest.raises(InsufficientPrivilege):
            app.execute("SELECT * FROM sealed.assignment")


@pytest.mark.usefixtures("asking")
def test_all_domains_are_drawn_in_one_act_and_told_again(house, bedside):
    admitted(bedside, "all-1")
    command = RandomiseDomains(
        idempotency_key="all-1",
        site="A",
        patient="all-1",
        trial="TIDE",
        domains=(),
        episode="e1",
        actor="doctor",
        at=bedside.noon + HOUR,
    )

    done = house.client.randomise_domains(command)
    again = house.client.randomise_domains(command)

    fluids, steroids = done.answers
    assert {one.answer for one in done.answers} == {Answer.DRAWN}
    assert fluids.drawn.arm in {"restrictive", "standard"}
    assert steroids.drawn.arm is None
    assert (done.repeated, again.repeated) == (False, True)
    assert [replace(one.drawn, repeated=True) for one in done.answers] == [
        one.drawn for one in again.answers
    ]
    assert not bedside.broken_chains()


@pytest.mark.usefixtures("asking")
def test_a_closed_gate_is_told_with_its_obstacles(house, bedside):
    bedside.hear(bedside.verdict("never-asked"))

    done = house.client.randomise(bedside.command("never-asked"))

    assert isinstance(done, NotRandomised)
    (obstacle,) = done.gate.obstacles
    assert (obstacle.code, obstacle.name) == (ErrorCode.NO_CONSENT, "no_consent")


@pytest.mark.usefixtures("asking")
def test_a_request_of_a_name_in_use_is_refused_as_it_is_in_process(house, bedside):
    admitted(bedside, "named-1", "named-2")
    house.client.randomise(bedside.command("named-1", key="k"))

    with pytest.raises(Refused) as fault:
        house.client.randomise(bedside.command("named-2", key="k"))

    assert fault.value.code is ErrorCode.REQUEST_REUSED


@pytest.mark.usefixtures("asking")
def test_the_key_is_told_by_its_commitment_alone(house):
    assert commitment(KEY) == house.client.commitment("TIDE")
    with pytest.raises(SettingsError) as fault:
        house.client.commitment("NONE")
    assert fault.value.code is ErrorCode.SECRET_MISSING


@pytest.mark.usefixtures("asking", "entitled")
def test_the_command_line_asks_the_signer_and_tells_the_obstacles(
    house, bedside, monkeypatch
):
    admitted(bedside, "told-1")
    monkeypatch.setenv("EMBER_SIGNER", str(house.socket))
    monkeypatch.setenv("EMBER_REGISTRY", house.app_url)
    words = ["randomise", "A/told-1", "--actor", "doctor", "--domain", "fluids"]

    done = CliRunner().invoke(ember, words)

    assert done.exit_code == 1
    assert "EMB-309 window_closed" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [((), "No signer is named"), (("--key", "tide.key"), "Leave --key out")],
)
@pytest.mark.usefixtures("entitled")
def test_on_postgresql_the_command_line_draws_by_no_key_of_its_own(
    house, bedside, monkeypatch, words, told
):
    admitted(bedside, "keyless")
    monkeypatch.delenv("EMBER_SIGNER", raising=False)
    monkeypatch.setenv("EMBER_REGISTRY", house.app_url)
    command = ["randomise", "A/keyless", "--actor", "doctor", "--domain", "fluids"]

    done = CliRunner().invoke(ember, [*command, *words])

    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.usefixtures("asking")
def test_activation_publishes_the_commitment_that_the_signer_tells(
    house, monkeypatch, sqlite_template, tmp_path
):
    """The sponsor's command has no key: the signer alone does."""
    monkeypatch.setenv("EMBER_SIGNER", str(house.socket))

    silent = f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'registry.sqlite')}"
    words = ["protocol", "activate", "ember_demo", "--registry", silent]

    done = CliRunner().invoke(ember, [*words, "--json"])

    assert done.exit_code == 0, done.output
    assert commitment(KEY) == json.loads(done.stdout)["key_commitment"]


@pytest.mark.usefixtures("asking")
def test_a_key_that_came_later_is_found_without_a_new_start(house):
    told = json.loads(house.keys.read_text())
    house.keys.write_text(json.dumps({**told, "LATE": "ab" * 32}))

    assert commitment(bytes.fromhex("ab" * 32)) == house.client.commitment("LATE")


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("words", [b"hello\n", b"{}\n", b"x" * 70_000 + b"\n", b""])
def test_noise_on_the_socket_disturbs_nobody(house, words):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(house.socket))
        try:
            line.sendall(words)
            line.shutdown(socket.SHUT_WR)
            heard = line.recv(4096)
        except (BrokenPipeError, ConnectionResetError):
            heard = b""  # it hung up before all was said
    assert b"hello" not in heard
    assert house.client.commitment("TIDE")


@pytest.mark.usefixtures("asking")
def test_the_socket_is_for_its_owner_and_its_group(house):
    assert stat.S_IMODE(house.socket.stat().st_mode) == 0o660


@pytest.mark.parametrize("mask", [0o000, 0o077], ids=oct)
def test_the_socket_is_no_wider_and_no_narrower_whatever_the_umask(house, mask):
    place = house.folder / f"umask-{mask:o}"
    before = os.umask(mask)
    try:
        process = house.start(EMBER_SIGNER=str(place))
    finally:
        os.umask(before)
    mode = stat.S_IMODE(place.stat().st_mode)
    process.terminate()
    process.wait(60)

    assert mode == 0o660


@pytest.mark.usefixtures("asking")
def test_a_second_signer_does_not_take_the_socket_of_the_first(house):
    done = subprocess.run(
        COMMAND, env=house.environment(), capture_output=True, timeout=120, check=False
    )

    assert done.returncode == 1
    assert b"EMB-402" in done.stderr
    assert b"another signer" in done.stderr
    assert house.client.commitment("TIDE")


@pytest.mark.usefixtures("asking")
def test_the_same_request_twenty_times_at_once_is_one_allocation(house, bedside):
    admitted(bedside, "twenty")
    client = house.client

    with ThreadPoolExecutor(20) as pool:
        asked = [bedside.command("twenty")] * 20
        results = list(pool.map(client.randomise, asked))

    assert len({replace(result, repeated=True) for result in results}) == 1
    assert Counter(result.repeated for result in results) == {True: 19, False: 1}


def test_what_it_measures_says_neither_whom_nor_to_what(house, bedside, asking):
    admitted(bedside, "measured-1")
    for domain in ("fluids", "steroids", "steroids"):
        house.client.randomise(bedside.command("measured-1", domain=domain))

    with urllib.request.urlopen(f"http://127.0.0.1:{asking}/metrics") as answer:
        told = answer.read().decode()
    with urllib.request.urlopen(f"http://127.0.0.1:{asking}/health") as answer:
        health = json.loads(answer.read())

    counts = [line for line in told.splitlines() if "requests_total{" in line]
    assert any('outcome="repeated"' in line for line in counts)
    assert {check["name"] for check in health["checks"]} >= {"registry", "socket"}
    assert health["ok"]
    for text in (told, house.said):
        assert not any(word in text for word in ("zephyr", "quartz", "measured-1"))
        assert KEY.hex() not in text


def test_a_signer_that_is_stopped_answers_what_it_was_asked(postgres, bedside_of):
    with signer_house(postgres, keys={"TIDE": KEY}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        bedside.open_trial()
        patients = [f"p{n}" for n in range(40)]
        bedside.admit(*patients)
        first, client = house.start(), house.client

        def ask(patient):
            try:
                return client.randomise(bedside.command(patient))
            except SettingsError as fault:
                return fault.code

        with ThreadPoolExecutor(8) as pool:
            asked = [pool.submit(ask, patient) for patient in patients]
            while not any(one.done() for one in asked):
                time.sleep(0.005)
            first.send_signal(signal.SIGTERM)
            answers = [one.result() for one in asked]
        assert first.wait(60) == 0
        assert not house.socket.exists()
        assert set(_faults(answers)) == {ErrorCode.SIGNER_AWAY}

        house.start()
        again = [client.randomise(bedside.command(patient)) for patient in patients]
        for before, now in zip(answers, again, strict=True):
            assert isinstance(before, ErrorCode) or now == replace(
                before, repeated=True
            )
        assert sorted(r.sequence_no for r in again) == list(range(1, 41))
        app.close()


def _faults(answers):
    return [answer for answer in answers if isinstance(answer, ErrorCode)]


@pytest.mark.parametrize(
    ("keys", "code"),
    [("others may read", "EMB-312"), ("none", "EMB-312"), ("app", "EMB-402")],
)
def test_it_does_not_start_without_what_keeps_the_arms_apart(house, keys, code):
    """A key file that is open or gone; a database role that may not read the arms."""
    environment = house.environment(EMBER_SIGNER=str(house.folder / "other.sock"))
    if keys == "app":
        environment["EMBER_REGISTRY"] = house.app_url
    else:
        file = house.folder / "other.json"
        environment["EMBER_SIGNER_KEYS"] = str(file)
        if keys == "others may read":
            file.write_text("{}")
            file.chmod(0o640)

    done = subprocess.run(
        COMMAND, env=environment, capture_output=True, timeout=120, check=False
    )

    assert done.returncode == 1
    assert code in done.stderr.decode()


def test_it_asks_a_program_for_the_keys(postgres):
    """As it would ask a key management service."""
    with signer_house(postgres, keys={}) as house:
        prints = f"import json; print(json.dumps({{'TIDE': '{KEY.hex()}'}}))"
        command = f'{sys.executable} -c "{prints}"'
        house.start(EMBER_SIGNER_KEYS="", EMBER_SIGNER_KEYS_COMMAND=command)
        assert commitment(KEY) == house.client.commitment("TIDE")


def test_sqlite_has_no_signer_of_its_own(house, sqlite_template):
    done = subprocess.run(
        [*COMMAND, "--registry", f"sqlite:///{sqlite_template}"],
        env=house.environment(EMBER_SIGNER=str(house.folder / "third.sock")),
        capture_output=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 1
    assert b"one file holds all" in done.stderr
