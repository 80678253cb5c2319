"""A process killed at any step of an allocation leaves all of it or nothing."""

import signal
import subprocess
import sys

import pytest

from registry.usecases.randomise import Randomised


SCRIPT = """
import os, signal, sys
from datetime import UTC, datetime
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomise, randomise

url, step = sys.argv[1:]

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Signer(KeyedSigner):
    def arm(self, *place, **rest):
        if step == "before the draw":
            die()
        return super().arm(*place, **rest)

command = Randomise(
    idempotency_key="request-p1-fluids", site="A", patient="p1", trial="TIDE",
    domain="fluids", episode="e1", actor="doctor",
    at=datetime(2026, 3, 1, 13, tzinfo=UTC),
)
with open_registry(url).transaction() as uow:
    randomise(command, uow, signer=Signer({"TIDE": bytes(range(32))}))
    if step == "before the commit":
        die()
die()
"""


@pytest.mark.parametrize(
    ("step", "was_done"),
    [
        ("before the draw", False),
        ("before the commit", False),
        ("before the answer", True),
    ],
)
def test_who_asks_again_after_a_kill_gets_the_one_allocation(
    bedside, registry, registry_url, step, was_done
):
    bedside.open_trial()
    bedside.admit("p1", "p2")

    killed = subprocess.run(
        [sys.executable, "-c", SCRIPT, registry_url, step],
        check=False,
        timeout=60,
    )
    again = bedside.randomise("p1")
    following = bedside.randomise("p2")

    assert killed.returncode == -signal.SIGKILL
    assert isinstance(again, Randomised)
    assert again.repeated is was_done
    assert (again.sequence_no, following.sequence_no) == (1, 2)
    with registry.reading() as views:
        assert views.flow()[0].randomised == 2
