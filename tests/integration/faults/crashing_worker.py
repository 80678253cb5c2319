"""A worker that can be told to die at one stage of a turn, or that time jumps.

It is the worker of `ember worker` with another hook and another clock, started as a
process of its own:

    crashing_worker.py DATADIR ORDERS

ORDERS is a folder. A file `die` in it holds a stage and a number: the worker ends at
that passing of the stage, with no handler and no flush, and takes the file away first.
The files `wall` and `steady` hold seconds by which those clocks are ahead.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

from streams.app.live.clock import SteadyClock
from streams.app.live.running import run_worker
from streams.app.live.worker import WorkerPlan
from streams.app.settings import kafka_settings, process_settings
from streams.pipeline.patient import Rules


DIED = 70
"""The exit status of a death that was ordered."""


class Orders:
    """What the tests want of this worker; read anew each time."""

    def __init__(self, folder: Path) -> None:
        self._die = folder / "die"
        self._folder = folder
        self._passed = 0

    def passing(self, stage: str) -> None:
        """Die here, where that is ordered."""
        if not self._die.exists():
            self._passed = 0
            return
        wanted, _, number = self._die.read_text("ascii").partition(" ")
        if stage == wanted:
            self._passed += 1
            if self._passed >= int(number):
                self._die.unlink()
                os._exit(DIED)

    def wall(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead("wall"))

    def steady(self) -> float:
        return time.monotonic() + self._ahead("steady")

    def _ahead(self, clock: str) -> float:
        file = self._folder / clock
        return float(file.read_text("ascii")) if file.exists() else 0.0


def main(datadir: str, orders: str) -> int:
    told = Orders(Path(orders))
    plan = WorkerPlan(
        kafka=kafka_settings(os.environ),
        datadir=Path(datadir),
        rules=Rules(software_version=version("ember-registry"), outcomes_of_flags=True),
        clock=SteadyClock(wall=told.wall, steady=told.steady),
        hook=told.passing,
    )
    return run_worker(plan, process_settings(os.environ))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
