"""Many processes of many threads on one stratum: even blocks, no gap, no double."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from servers.signer import signer_house

from registry.signing.client import SignerClient
from registry.store.unit_of_work import open_registry


KEY = bytes(range(32))
CROWD = Path(__file__).with_name("crowd.py")
PATIENTS = [f"p{number}" for number in range(48)]


def crowd(*words):
    """Sequence number and arm of each of 48, as eight processes were told."""
    done = subprocess.run(
        [sys.executable, CROWD, *words],
        check=True,
        capture_output=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return sorted(tuple(json.loads(line)) for line in done.stdout.splitlines())


def assert_even(drawn):
    assert list(range(1, 49)) == [number for number, _ in drawn]
    for first in range(0, 48, 4):
        block = Counter(arm for _, arm in drawn[first : first + 4])
        assert block == {"restrictive": 2, "standard": 2}


def test_eight_processes_that_draw_themselves_share_one_stratum(bedside, registry_url):
    bedside.open_trial()
    bedside.admit(*PATIENTS)

    assert_even(crowd("direct", registry_url, KEY.hex()))

    assert not bedside.broken_chains()


@pytest.mark.postgres
@pytest.mark.parametrize("signers", [1, 2])
def test_eight_processes_that_ask_signers_share_one_stratum(
    postgres, bedside_of, signers
):
    with signer_house(postgres, keys={"TIDE": KEY}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        bedside.open_trial()
        bedside.admit(*PATIENTS)
        sockets = [house.folder / f"{number}.sock" for number in range(signers)]
        for socket in sockets:
            house.start(EMBER_SIGNER=str(socket))

        assert_even(crowd("socket", *map(str, sockets)))

        assert not bedside.broken_chains()
        app.close()


@pytest.mark.postgres
def test_where_one_of_two_signers_is_killed_the_other_answers_alike(
    postgres, bedside_of
):
    with signer_house(postgres, keys={"TIDE": KEY}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        bedside.open_trial()
        bedside.admit(*PATIENTS)
        sockets = [house.folder / name for name in ("one.sock", "other.sock")]
        first, _ = [house.start(EMBER_SIGNER=str(socket)) for socket in sockets]
        client = SignerClient(*sockets, seconds=60)

        before = [
            client.randomise(bedside.command(patient)) for patient in PATIENTS[:24]
        ]
        first.kill()
        first.wait()
        after = [client.randomise(bedside.command(patient)) for patient in PATIENTS]

        again = [(one.randomisation_id, one.arm) for one in after[:24]]
        assert again == [(one.randomisation_id, one.arm) for one in before]
        assert all(one.repeated for one in after[:24])
        assert_even(sorted((one.sequence_no, one.arm) for one in after))
        client.close()
        app.close()
