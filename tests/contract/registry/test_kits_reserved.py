"""Kits are reserved with the draw, never twice, and a refusal tells no arm."""

import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from made_up.pharmacy import ARMS, DRUG, TERMS, Pharmacy, lines
from sqlalchemy import event
from sqlalchemy.engine import Engine

from registry.domain.kit import KitState, StockOut
from registry.usecases.randomise import NotRandomised
from streams.vocabulary.clock import HOUR
from streams.vocabulary.errors import ErrorCode


def test_the_kit_that_is_told_holds_the_arm_that_was_drawn(pharmacy):
    pharmacy.receive(of_each=5)
    patients = [f"p{n}" for n in range(4)]
    pharmacy.admit(*patients)

    drawn = [pharmacy.bedside.randomise(patient) for patient in patients]
    again = pharmacy.bedside.randomise("p0")

    assert [pharmacy.arm[d.kit] for d in drawn] == list(map(pharmacy.sealed_arm, drawn))
    assert {d.arm for d in drawn} == {None}
    assert again == replace(drawn[0], repeated=True)
    stands = pharmacy.kits()
    assert {stands[d.kit].state for d in drawn} == {KitState.RESERVED}
    assert len({d.kit for d in drawn}) == 4
    assert not pharmacy.bedside.broken_chains()


@pytest.mark.parametrize("lacking", ARMS)
def test_where_one_arm_has_no_kit_nobody_is_randomised_whichever_it_is(
    bedside, lacking, sql
):
    """The refusal is the same, no number is used up, and nothing is drawn again."""
    pharmacy = Pharmacy(bedside).open()
    (other,) = set(ARMS) - {lacking}
    pharmacy.receive(other, other)
    pharmacy.admit("p1")

    done = bedside.randomise("p1")

    assert isinstance(done, NotRandomised)
    (obstacle,) = done.gate.obstacles
    assert (obstacle.code, obstacle.detail) == (ErrorCode.KITS_SHORT, "")
    assert sql("SELECT next_no FROM allocator") == [(1,)]
    told = sql("SELECT detail FROM audit_event WHERE action = 'randomisation:refused'")
    assert not any(arm in str(told) for arm in ARMS)
    pharmacy.receive(lacking)
    assert bedside.randomise("p1").sequence_no == 1


def test_a_kit_that_expires_during_the_treatment_is_no_kit(bedside):
    at = (bedside.noon + HOUR).date()
    short = lines(expires_on=at + timedelta(days=6))
    pharmacy = Pharmacy(bedside, short).open()
    pharmacy.receive(of_each=3)
    pharmacy.admit("p1")
    assert isinstance(bedside.randomise("p1"), NotRandomised)

    enough = Pharmacy(bedside, lines(seed=2, expires_on=at + timedelta(days=7)))
    enough.import_()
    received = enough.receive(of_each=1)

    assert bedside.randomise("p1").kit in received


def test_the_depot_helps_out_where_the_protocol_says_so(bedside):
    elsewhere = replace(TERMS, stock_out=StockOut.ELSEWHERE)
    pharmacy = Pharmacy(bedside).open(replace(DRUG, kits=elsewhere))
    pharmacy.admit("p1", "p2")

    done = bedside.randomise("p1")

    kit = pharmacy.kits()[done.kit]
    assert (kit.site, kit.state) == ("A", KitState.RESERVED)
    assert pharmacy.arm[done.kit] == pharmacy.sealed_arm(done)
    assert not bedside.broken_chains()


def test_fifty_at_once_for_the_last_ten_kits_get_ten_and_each_its_own(pharmacy):
    """Until an arm has none left: then nobody, though the other has some."""
    received = pharmacy.receive(of_each=5)
    patients = [f"p{n}" for n in range(50)]
    pharmacy.admit(*patients)

    with ThreadPoolExecutor(50) as pool:
        results = list(pool.map(pharmacy.bedside.randomise, patients))

    given = [one.kit for one in results if not isinstance(one, NotRandomised)]
    left = Counter(pharmacy.arm[kit] for kit in {*received} - {*given})
    assert len(given) == len(set(given))
    assert set(given) <= {*received}
    assert len([arm for arm in ARMS if not left[arm]]) == 1
    stands = Counter(kit.state for kit in pharmacy.kits().values())
    assert stands == {
        KitState.RESERVED: len(given),
        KitState.AVAILABLE: 10 - len(given),
        KitState.DEPOT: 10,
    }
    assert not pharmacy.bedside.broken_chains()


class BrokenError(Exception):
    """The machine, between the reservation and the commit."""


def test_a_fault_between_reservation_and_commit_frees_the_kit(pharmacy, sql):
    pharmacy.receive(of_each=2)
    pharmacy.admit("p1")

    def broken(_connection, _cursor, statement, *_):
        if statement.startswith("INSERT INTO kit_event"):
            raise BrokenError

    event.listen(Engine, "after_cursor_execute", broken)
    try:
        with pytest.raises(BrokenError):
            pharmacy.bedside.randomise("p1")
    finally:
        event.remove(Engine, "after_cursor_execute", broken)

    assert KitState.RESERVED not in {k.state for k in pharmacy.kits().values()}
    assert sql("SELECT count(*) FROM randomisation") == [(0,)]
    done = pharmacy.bedside.randomise("p1")
    assert (done.sequence_no, pharmacy.arm[done.kit]) == (1, pharmacy.sealed_arm(done))
    assert not pharmacy.bedside.broken_chains()


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from sqlalchemy import event
from sqlalchemy.engine import Engine
from registry.domain.randomisation.signer import KeyedSigner
from registry.store.unit_of_work import open_registry
from registry.usecases.randomise import Randomise, randomise

def die(_connection, _cursor, statement, *_):
    if statement.startswith("UPDATE kit_stock"):
        os.kill(os.getpid(), signal.SIGKILL)

event.listen(Engine, "after_cursor_execute", die)
command = Randomise(
    idempotency_key="request-TIDE-p1-fluids", site="A", patient="p1", trial="TIDE",
    domain="fluids", episode="e1", actor="doctor",
    at=datetime(2026, 3, 1, 13, tzinfo=UTC),
)
with open_registry(sys.argv[1]).transaction() as uow:
    randomise(command, uow, signer=KeyedSigner({"TIDE": bytes(range(32))}))
"""


def test_a_process_killed_between_reservation_and_commit_reserved_nothing(
    pharmacy, registry_url
):
    pharmacy.receive(of_each=1)
    pharmacy.admit("p1")

    died = subprocess.run(
        [sys.executable, "-c", KILLED, registry_url], check=False, timeout=120
    )

    assert died.returncode == -signal.SIGKILL
    assert KitState.RESERVED not in {k.state for k in pharmacy.kits().values()}
    done = pharmacy.bedside.randomise("p1")
    assert (done.sequence_no, done.repeated) == (1, False)
    assert pharmacy.arm[done.kit] == pharmacy.sealed_arm(done)
    assert not pharmacy.bedside.broken_chains()
