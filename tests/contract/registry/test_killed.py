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
from made_up.pharmacy import DRUG, Pharmacy
from servers.signer import signer_house

from registry.domain.kit import KitState
from registry.domain.mode import Mode
from registry.domain.protocol import ArmDesign, DomainDesign
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.history import KnownHistory
from registry.domain.randomisation.methods import Simple
from registry.store.unit_of_work import open_registry
from streams.vocabulary.errors import ErrorCode, SettingsError


KEY = bytes(range(32))
CARE = DomainDesign(
    domain="care", arms=(ArmDesign("usual"), ArmDesign("early")), method=Simple()
)
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

SEVERAL = (
    DYING
    + """
import json, sys
from datetime import UTC, datetime
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise_domains import RandomiseDomains, randomise_domains

command = RandomiseDomains(
    idempotency_key="act-1", site="A", patient="p1", trial="TIDE", domains=(),
    episode="e1", actor="doctor", at=datetime(2026, 3, 1, 13, tzinfo=UTC),
)

signer = KeyedSigner({"TIDE": bytes(range(32))})
registry = open_registry(sys.argv[1])

def tell(*told):
    os.write(1, json.dumps(told).encode() + b"\\n")

def stands():
    with registry.inspection() as uow:
        drawn = uow.allocations.domains_of(["TIDE-A-0001"])
        kits = [kit.state.value for kit in uow.kits.all_of("TIDE")]
        answers = uow.domain_answers.of_act("act-1")
    return len(drawn), len(answers), kits.count("reserved")

def live(step):
    tell(*stands())
    dying.left = step
    with registry.transaction() as uow:
        done = randomise_domains(command, uow, signer=signer)
    dying.left = None
    tell(done.repeated, {one.domain: one.drawn.arm for one in done.answers})

# Once for nothing: what follows finds each statement compiled, and needs no seconds.
stands()
with registry.transaction() as uow, uow.savepoint() as attempt:
    randomise_domains(command, uow, signer=signer)
    attempt.take_back()
registry.close()

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


def test_an_act_over_several_domains_is_all_or_nothing_at_each_kill(
    bedside, registry_url
):
    """Also between two of its domains; the arms are those of an act that nobody kills."""
    pharmacy = Pharmacy(bedside)
    pharmacy.import_()
    designs = (DRUG, CARE)
    bedside.open_trial(*designs, mode=Mode.DEMO)
    pharmacy.receive(of_each=2)
    for design in designs:
        pharmacy.admit("p1", domain=design.domain)

    asked = subprocess.run(
        [sys.executable, "-c", SEVERAL, registry_url],
        check=True,
        capture_output=True,
        timeout=120,
    )

    *stood, last, died = map(json.loads, asked.stdout.splitlines())
    arms = {
        design.domain: bedside.signer.arm(
            Position("TIDE", design.domain, "shock=yes", 1),
            design=design,
            history=KnownHistory(),
        ).arm
        for design in designs
    }
    assert last == [True, arms | {"fluids": None}]
    assert died > 2 * STATEMENTS
    assert len(stood) == died + 1
    halves = [stood.count([0, 0, 0]), stood.count([2, 2, 1])]
    assert sum(halves) == len(stood)
    assert min(halves) > 0
    (kit,) = [k for k in pharmacy.kits().values() if k.state is KitState.RESERVED]
    assert pharmacy.arm[kit.kit] == arms["fluids"]
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
