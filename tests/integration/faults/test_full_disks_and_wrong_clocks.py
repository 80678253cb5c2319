"""What is wrong with a machine: its disk is full, its clock jumps.

A full disk is made by the limit of a process on the size of its files: every write
beyond it fails as on a full disk, and nobody else's does.
"""

import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from integration.faults.load import send_live
from integration.faults.people import story

from streams.vocabulary.messages import ClockTick


pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.unmeasured,
    pytest.mark.xdist_group("disks-and-clocks"),
]

CRASHING = Path(__file__).with_name("crashing_worker.py")
DAY = 24 * 3600.0
LIVING = ("lives-now-", "grows-old-")
"""The patients whose windows are open as this runs, of either test of the clock."""


def fill_the_disk_of(pid, log):
    """No file of the process may grow further; what it says still may, a little."""
    room = (log.stat().st_size if log.exists() else 0) + 8_192
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def test_a_worker_whose_disk_is_full_crashes_and_skips_nothing(house, breaking, rounds):
    worker = house.workers[0]
    with breaking(house, "disk of the worker full"):
        for number in range(rounds):
            ended = len(worker.ends)
            with house.load(f"disk-{number}"):
                time.sleep(1)
                house.wait_for(lambda: worker.pid is not None, "the worker")
                fill_the_disk_of(worker.pid, worker.log)
                house.wait_for(
                    lambda ended=ended: len(worker.ends) > ended,
                    "the crash",
                    timeout=180,
                )
                assert worker.ends[ended] > 0
                time.sleep(2)


def test_a_broker_whose_disk_is_full_loses_nothing_it_acknowledged(
    house, breaking, rounds
):
    with breaking(house, "disk of the broker full"):
        for number in range(rounds):
            with house.load(f"broker-disk-{number}"):
                time.sleep(1)
                fill_the_disk_of(house.broker.process.pid, house.broker.plan.log)
                house.wait_for(
                    lambda: house.broker.process.poll() is not None,
                    "the end of the broker",
                    timeout=180,
                )
                time.sleep(1)
                house.broker.kill()
                house.broker.start()
                time.sleep(3)


@pytest.fixture
def dated_worker(house, tmp_path):
    """In place of the house's worker, one whose clocks a test may move."""
    house.supervisor.remove(house.workers.pop())
    dated = house.supervise(
        "dated-worker",
        [sys.executable, str(CRASHING), str(house.folder / "state-0"), str(tmp_path)],
    )
    yield Clocks(tmp_path)
    house.supervisor.remove(dated)
    house.workers.append(house.worker(0))


class Clocks:
    def __init__(self, folder):
        self._folder = folder

    def set(self, name, seconds):
        new = self._folder / "new"
        new.write_text(str(seconds), "ascii")
        new.rename(self._folder / name)


def ticks(house, patients):
    """How often time was told to have passed for each of the patients."""
    heard = house.listener.listen()
    return {
        name: sum(isinstance(m, ClockTick) for m in heard.logs[name])
        for name in patients
    }


def test_no_verdict_comes_early_because_a_clock_jumps(
    house, breaking, rounds, dated_worker
):
    patients = [f"{LIVING[0]}{number}" for number in range(8)]
    with breaking(house, "clock that jumps"):
        for name in patients:
            send_live(house.broker.settings, house.ledger, story(name, seed=6))
        house.wait_for(lambda: not house.missing(), "the verdicts on who lives now")
        for number in range(rounds):
            with house.load(f"clock-{number}"):
                dated_worker.set("wall", 2 * DAY)
                time.sleep(2.5)
                dated_worker.set("wall", -2 * DAY)
                time.sleep(2.5)
    assert set(ticks(house, patients).values()) == {0}


def test_time_that_passes_closes_windows_each_at_its_own_moment(
    house, breaking, dated_worker
):
    patients = [f"{LIVING[1]}{number}" for number in range(8)]
    with breaking(house, "a day passes", 1):
        for name in patients:
            send_live(house.broker.settings, house.ledger, story(name, seed=7))
        house.wait_for(lambda: not house.missing(), "the verdicts on who lives now")
        dated_worker.set("steady", 1.1 * DAY)
        waiting = [n for n in house.listener.heard.logs if n.startswith(LIVING)]
        house.wait_for(lambda: min(ticks(house, waiting).values()) > 0, "the ticks")
    for name in patients:
        tick = next(
            m for m in house.listener.heard.logs[name] if isinstance(m, ClockTick)
        )
        assert tick.known_at < datetime.now(UTC) + 1.1 * timedelta(days=1)
