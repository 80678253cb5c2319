"""A worker that crashes as Faust's do: nothing of its values reaches any stream."""

import json
import subprocess
import sys

import pytest


WORKER = """
import asyncio
import gc
from pathlib import Path

import mode

from streams.app.observe.process import Process
from streams.app.settings import ProcessSettings


class Crashing(mode.Service):
    @mode.Service.task
    async def run(self):
        async def forgotten():
            raise ValueError("4711 Schmidt")

        if {forgotten}:
            asyncio.ensure_future(forgotten())
            await asyncio.sleep(0.1)
            gc.collect()
        self.log.warning("Cannot read %s", "4711 Schmidt")
        raise KeyError("4711 Schmidt")


settings = ProcessSettings(
    batch=1,
    http_host="127.0.0.1",
    http_port=0,
    log_level="debug",
    worker_dir=Path("worker"),
    standby_replicas=0,
)
with Process("worker", settings, signals=False):
    worker = mode.Worker(
        Crashing(), override_logging=False, redirect_stdouts=False, quiet=True
    )
    {run}
"""
RUNS = {
    "as a command": "worker.execute_from_commandline()",
    "as a task": "asyncio.run(Crashing().maybe_start())\n"
    "    raise KeyError('4711 Schmidt')",
}


@pytest.mark.parametrize("forgotten", [True, False])
@pytest.mark.parametrize("run", RUNS)
def test_a_worker_that_crashes_says_where_and_of_what_type_and_nothing_else(
    run, forgotten
):
    ended = subprocess.run(
        [sys.executable, "-c", WORKER.format(run=RUNS[run], forgotten=forgotten)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "Schmidt" not in ended.stderr
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert "KeyError" in {line.get("error") for line in lines}
