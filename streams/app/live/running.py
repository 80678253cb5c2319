"""Run one worker until it is asked to stop, or until something is wrong around it.

Faust's own way to stop waits for agents that wait for records, for ever.
What a graceful stop owes is little and is done here: the turn under way ends, heads
are written, offsets are committed, the group is left; then the process ends.
A crash owes nothing at all: what was acknowledged is durable, the rest comes again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from datetime import timedelta

import faust
from faust.types import AppT

from streams.app.live.worker import LiveApp, WorkerPlan, make_app
from streams.app.observe.logs import Log
from streams.app.observe.process import Process
from streams.app.settings import ProcessSettings


_BEAT = 1.0
_DRIFT = timedelta(minutes=1)
_COMMITTED_WITHIN = 120.0
"""Seconds within which something must be committed, if anything is there to be."""
_PATIENCE = 45.0
"""Seconds a graceful stop may take; containers are killed after sixty."""


def run_worker(plan: WorkerPlan, settings: ProcessSettings) -> None:
    """Ends the process: status 0 after a graceful stop, 1 after a crash."""
    with Process("worker", settings, signals=False) as process:
        live = make_app(plan, process.metrics, fatal=lambda f: _die(process.log, f))
        process.checks.add("clock", lambda: abs(plan.clock.drift()) < _DRIFT)
        process.checks.add("partitions", live.is_ready)
        process.checks.add("nothing skipped", lambda: not live.order.skipped)
        process.checks.fresh("commits", live.house.account.committed, _COMMITTED_WITHIN)
        process.ready()

        @live.app.timer(interval=_BEAT)
        async def beat() -> None:
            process.heartbeat.beat()

        _watch(live.app, process.log)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop_soon, live, process.log)
        _Worker(
            live.app,
            loop=loop,
            override_logging=False,
            redirect_stdouts=False,
            quiet=True,
        ).execute_from_commandline()


class _Worker(faust.Worker):
    """Leaves the signals to us."""

    def install_signal_handlers(self) -> None:
        """None of its own."""


def _stop_soon(live: LiveApp, log: Log) -> None:
    live.stopping = asyncio.ensure_future(_stop(live, log))


async def _stop(live: LiveApp, log: Log) -> None:
    log.info("stopping")
    try:
        await asyncio.wait_for(live.settle(), _PATIENCE)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the start will redo it
        log.warning("stopped before all was written", error=fault)
    log.info("stopped")
    _exit(0)


def _die(log: Log, fault: BaseException) -> None:
    log.error("failed", error=fault)
    _exit(1)


def _watch(app: AppT, log: Log) -> None:
    """End the process when the app has crashed, though it may never stop by itself."""

    def watch() -> None:
        while not app.crashed:
            time.sleep(_BEAT)
        log.error("failed", error=app.crash_reason)
        time.sleep(_BEAT)
        _exit(1)

    threading.Thread(target=watch, name="watch", daemon=True).start()


def _exit(status: int) -> None:
    sys.stderr.flush()
    sys.stdout.flush()
    os._exit(status)
