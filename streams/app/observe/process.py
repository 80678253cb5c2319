"""What every long-running process begins with: logs, metrics, health, a clean stop.

with Process("relay", process_settings(environ)) as process:
    sent = RelayMetrics(process.metrics)
    while not process.stopping.is_set():
        process.heartbeat.beat()
        ...
        process.wait(1.0)
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType, TracebackType
from typing import Any, Self, TextIO

from streams.app.observe.http import Checks, Heartbeat, ObserveServer
from streams.app.observe.logs import Log, libraries_told
from streams.app.observe.metric import ProcessName
from streams.app.observe.metrics import Metrics, ProcessMetrics
from streams.app.settings import ProcessSettings
from streams.vocabulary.errors import SettingsError


class Process:
    """One process from its start to its end.

    Inside, SIGTERM and SIGINT set `stopping` (unless `signals` is False: an event loop
    has its own way). A fault that leaves it is logged without its words and ends the
    program with status 1; only a `SettingsError`, which names no patient, goes on.
    """

    def __init__(
        self,
        name: ProcessName,
        settings: ProcessSettings,
        *,
        signals: bool = True,
        max_silence: float = 60.0,
        stream: TextIO | None = None,
    ) -> None:
        """`max_silence`: seconds without a heartbeat after which it is not well."""
        self.metrics = Metrics()
        measured = ProcessMetrics(self.metrics)
        self.log = Log(
            name,
            settings.log_level,
            stream,
            lambda kind: measured.log_withheld.add(kind=kind),
        )
        self.heartbeat = Heartbeat()
        measured.heartbeat_age.follow(self.heartbeat.age)
        self.checks = Checks()
        self._ready = False
        self.checks.fresh("loop", self.heartbeat, max_silence)
        self.checks.add("set up", lambda: self._ready)
        self.stopping = threading.Event()
        self.server: ObserveServer | None = None
        self._settings = settings
        self._signals = signals
        self._held = ExitStack()

    def ready(self) -> None:
        """All its checks are named; before that it cannot be well."""
        self._ready = True

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until asked to stop: then True."""
        return self.stopping.wait(seconds)

    def stop(self) -> None:
        """Ask it to stop, as a signal would."""
        self.stopping.set()

    def __enter__(self) -> Self:
        with ExitStack() as held:
            held.enter_context(libraries_told(self.log))
            held.enter_context(_hooks(self.log))
            if self._signals:
                held.enter_context(_signals(self.stop))
            if self._settings.http_port:
                self.server = held.enter_context(
                    ObserveServer(
                        self._settings.http_host,
                        self._settings.http_port,
                        self.metrics.text,
                        self.checks,
                    )
                )
            self._held = held.pop_all()
        self.heartbeat.beat()
        self.log.info("started")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        failed = isinstance(fault, Exception) and not isinstance(fault, SettingsError)
        if fault is not None and failed:
            self.log.failed("failed", fault)
        else:
            self.log.info("stopped")
        self._held.close()
        self.server = None
        if failed:
            raise SystemExit(1) from None


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    def heard(_number: int, _frame: FrameType | None) -> None:
        stop()

    before = {
        number: signal.signal(number, heard)
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _hooks(log: Log) -> Iterator[None]:
    """Keep Python itself from writing an exception's words to standard error."""

    def in_thread(told: threading.ExceptHookArgs) -> None:
        log.error("thread failed", error=told.exc_value)

    def unraisable(told: Any) -> None:  # noqa: ANN401 - sys.UnraisableHookArgs is a name for type checkers
        log.error("fault while cleaning up", error=told.exc_value)

    before = threading.excepthook, sys.unraisablehook
    threading.excepthook, sys.unraisablehook = in_thread, unraisable
    try:
        yield
    finally:
        threading.excepthook, sys.unraisablehook = before
