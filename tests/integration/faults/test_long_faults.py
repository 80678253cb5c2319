"""A minute without the broker, a minute without the database, a worker that slept.

Three houses of their own, broken at the same time: most of it is waiting.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from signal import SIGCONT, SIGSTOP

import pytest
from integration.faults.house import Account, House, strike


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
    pytest.mark.xdist_group("long-faults"),
]

RATE = 20.0
"""Messages a second, in each of three houses at once."""
A_MOMENT = 5.0
A_MINUTE = 60.0
LONGER_THAN_A_SESSION = 18.0
"""Seconds; a worker silent for ten is taken for dead, and its patients given away."""


def broker_paused(house, name):
    with house.load(name, rate=RATE):
        time.sleep(3)
        house.broker.pause()
        time.sleep(A_MINUTE)
        house.broker.resume()
        time.sleep(3)


def database_stopped(house, name):
    """In good order for a moment, then as a power cut does."""
    with house.load(name, rate=RATE):
        for at_once, seconds in ((False, A_MOMENT), (True, A_MINUTE)):
            time.sleep(3)
            house.database.stop(at_once=at_once)
            time.sleep(seconds)
            house.database.start()
        time.sleep(3)


def worker_asleep(house, name):
    """It wakes with records half carried out, and others have its patients by then."""
    with house.load(name, rate=RATE):
        time.sleep(3)
        sleeper = house.workers[int(name[-1]) % 2]
        strike(sleeper, SIGSTOP)
        time.sleep(LONGER_THAN_A_SESSION)
        strike(sleeper, SIGCONT)
        time.sleep(3)


FAULTS = {
    "broker paused 60 s": (broker_paused, 1),
    "database stopped 60 s": (database_stopped, 1),
    "worker asleep beyond its session": (worker_asleep, 2),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory, rounds):
    """What was found in each house, all of them broken at once."""
    folders = {fault: tmp_path_factory.mktemp("house") for fault in FAULTS}
    with ThreadPoolExecutor(len(FAULTS)) as at_once:
        running = {
            fault: at_once.submit(_break, folders[fault], fault, rounds)
            for fault in FAULTS
        }
        return {
            fault: one.exception() or one.result() for fault, one in running.items()
        }


def _break(folder, fault, rounds):
    act, workers = FAULTS[fault]
    house = House(folder)
    try:
        house.open(workers=workers)
        account = Account(house, fault, rounds)
        for number in range(rounds):
            act(house, f"{act.__name__}-{number}")
        report = account.close()
        return (
            report if report.ok else AssertionError(f"{report.table()}\n{house.said()}")
        )
    finally:
        house.close()


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_lost_or_done_twice_by(fault, reports):
    report = reports[fault]
    if isinstance(report, BaseException):
        raise report
    assert report.faults == []
    assert report.counts["records the broker acknowledged"] > 0
