"""A process killed at any step of an allocation leaves all of it or nothing.

The same request is made again and again, each time by a process that dies one step
later than the one before: after the first statement, after the second, ..., before the
commit, and after it but before the answer. The last one lives to tell the result.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from servers.signer import signer_house

from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.store.unit_of_work import open_registry
from streams.vocabulary.errors import ErrorCode, SettingsError


KEY = bytes(range(32))
STATEMENTS = 8
"""An allocation has more; were there fewer deaths, the hook would not have worked."""

DYING = """
import os, signal
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

class Dying:
    "Dies at one step, counted from the moment it is armed."
    left = None

    def step(self, *_told):
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

dying = Dying()
event.listen(Engine, "after_cursor_execute", dying.step)
event.listen(Engine, "commit", dying.step)
event.listen(Pool, "checkin", dying.step)

def each_dies_later(live):
    "Runs `live` in one process after another until one ends by itself: how many died."
    died = 0
    while True:
        child = os.fork()
        if not child:
            live(died + 1)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL):
            return died, status
        died += 1
"""

IN_PROCESS = (
    DYING
    + """
import json, sys
from datetime import UTC, datetime
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomise, randomise

command = Randomise(
    idempotency_key="request-TIDE-p1-fluids", site="A", patient="p1", trial="TIDE",
    domain="fluids", episode="e1", actor="doctor",
    at=datetime(2026, 3, 1, 13, tzinfo=UTC),
)

def live(step):
    registry = open_registry(sys.argv[1])
    dying.left = step
    with registry.transaction() as uow:
        done = randomise(command, uow, signer=KeyedSigner({"TIDE": bytes(range(32))}))
    dying.left = None
    told = [done.sequence_no, done.arm, done.repeated]
    os.write(1, json.dumps(told).encode() + b"\\n")

died, status = each_dies_later(live)
print(died)
sys.exit(status)
"""
)

AS_SIGNER = (
    DYING
    + """
import sys
import registry.app.commands.signer
from registry.app.cli import main
from registry.signing import desk

served = desk.Desk.answer

def live(step):
    def answer(self, question):
        dying.left = step
        try:
            return served(self, question)
        finally:
            dying.left = None

    desk.Desk.answer = answer
    sys.argv = ["ember", "signer"]
    try:
        main()
    except SystemExit as end:
        os._exit(end.code or 0)

died, status = each_dies_later(live)
print("died", died)
sys.exit(os.waitstatus_to_exitcode(status))
"""
)


@pytest.fixture
def drawn(bedside):
    position = Position("TIDE", "fluids", "shock=yes", 1)
    told = {"design": bedside.fluids, "history": KnownHistory()}
    return bedside.signer.arm(position, **told).arm


def test_who_asks_again_after_each_kill_gets_the_one_allocation(
    bedside, registry, registry_url, drawn
):
    bedside.open_trial()
    bedside.admit("p1", "p2")

    asked = subprocess.run(
        [sys.executable, "-c", IN_PROCESS, registry_url],
        check=True,
        capture_output=True,
        timeout=120,
    )

    told, died = asked.stdout.splitlines()
    assert json.loads(told) == [1, drawn, True]
    assert int(died) > STATEMENTS
    assert bedside.randomise("p2").sequence_no == 2
    with registry.reading() as views:
        assert views.flow()[0].randomised == 2
    assert not bedside.broken_chains()


@pytest.mark.postgres
def test_a_signer_killed_at_each_step_allocates_once(postgres, bedside_of):
    with signer_house(postgres, keys={"TIDE": KEY}) as house:
        app = open_registry(house.app_url)
        bedside = bedside_of(app)
        bedside.open_trial()
        bedside.admit("p1")
        mortal = house.start([sys.executable, "-c", AS_SIGNER])

        fell_silent, done = 0, None
        give_up = time.monotonic() + 120
        while done is None:
            assert time.monotonic() < give_up
            try:
                done = house.client.randomise(bedside.command("p1"))
            except SettingsError as fault:
                fell_silent += fault.code is ErrorCode.SIGNER_AWAY
                time.sleep(0.02)
        os.kill(int(_children_of(mortal.pid)[0]), signal.SIGTERM)

        assert mortal.wait(60) == 0
        position = Position("TIDE", "fluids", "shock=yes", 1)
        told = {"design": bedside.fluids, "history": KnownHistory()}
        drawn = bedside.signer.arm(position, **told).arm
        assert (1, drawn, True) == (done.sequence_no, done.arm, done.repeated)
        assert fell_silent > STATEMENTS
        assert int(house.said.rsplit("died ", 1)[1]) > STATEMENTS
        assert not bedside.broken_chains()
        with app.reading() as views:
            assert views.flow()[0].randomised == 1
        app.close()


def _children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
