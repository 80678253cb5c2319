"""Run one worker until it is asked to stop, or until something is wrong around it.

Faust's own way to stop waits for agents that wait for records, for ever.
What a graceful stop owes is little and is done here: the turn under way ends, heads
are written, offsets are committed, the group is left; then the process ends.
A crash owes nothing at all: what was acknowledged is durable, the rest comes again.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

import faust
from faust.types import TP, AppT

from streams.app.kafka.topics import require_partitions
from streams.app.live.worker import LiveApp, WorkerPlan, make_app
from streams.app.observe.logs import Log
from streams.app.observe.process import Process
from streams.app.settings import ProcessSettings
from streams.vocabulary.errors import ErrorCode, SettingsError


_LOCK = "worker.lock"
"""In the worker's folder, so that no two share it."""
_BEAT = 1.0
_DRIFT = timedelta(minutes=1)
_COMMITTED_WITHIN = 120.0
"""Seconds within which something must be committed, if anything is there to be."""
_ANSWERED_WITHIN = 30.0
"""Seconds within which the broker must have said how much there is to read."""
_PATIENCE = 45.0
"""Seconds a graceful stop may take; containers are killed after sixty."""


def run_worker(plan: WorkerPlan, settings: ProcessSettings) -> None:
    """Ends the process: status 0 after a graceful stop, 1 after a crash."""
    with Process("worker", settings, signals=False) as process:
        lock = _alone_in(plan.datadir)
        require_partitions(plan.kafka)
        live = make_app(
            plan,
            process.metrics,
            fatal=lambda f: _die(process.log, f),
            gone=lambda *where: _tell_gone(process.log, *where),
        )
        process.checks.add("clock", lambda: abs(plan.clock.drift()) < _DRIFT)
        process.checks.add("partitions", live.is_ready)
        process.checks.add("nothing skipped", lambda: not live.order.skipped)
        account = live.house.account
        process.checks.fresh("broker", account.answered, _ANSWERED_WITHIN)
        process.checks.fresh("commits", account.committed, _COMMITTED_WITHIN)
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
        lock.close()


class _Worker(faust.Worker):
    """Leaves the signals to us."""

    def install_signal_handlers(self) -> None:
        """None of its own."""


def _alone_in(datadir: Path) -> BinaryIO:
    """The folder's lock, kept until the process ends, however it does.

    Raises `SettingsError` EMB-402 where another worker has it.
    """
    datadir.mkdir(parents=True, exist_ok=True)
    lock = (datadir / _LOCK).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"Another worker keeps its state in {datadir}.",
            "Give each worker a folder of its own: --datadir, or EMBER_WORKER_DIR.",
        ) from None
    return lock


def _tell_gone(log: Log, tp: TP, first: int, following: int) -> None:
    log.error(
        "records gone unread",
        topic=tp.topic,
        partition=tp.partition,
        offset=first,
        next_offset=following,
    )


def _stop_soon(live: LiveApp, log: Log) -> None:
    if live.stopping is None:  # a second signal changes nothing
        live.stopping = asyncio.ensure_future(_stop(live, log))


async def _stop(live: LiveApp, log: Log) -> None:
    log.info("stopping")
    began = time.monotonic()
    try:
        await asyncio.wait_for(live.settle(), _PATIENCE)
    except Exception as fault:  # noqa: BLE001 - whatever it is, the start will redo it
        log.warning("stopped before all was written", error=fault)
    else:
        if time.monotonic() - began >= _PATIENCE:
            # A client that swallows the end of patience says nothing of its work.
            log.warning("stopped before all was known to be written")
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
