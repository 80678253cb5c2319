"""Processes under a supervisor, as systemd would have them: ended, started again."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread


RESTART_AFTER = 0.5
"""Seconds between an end and the next start."""
STOP_SECONDS = 20.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


@dataclass
class Process:
    """One command that is to run; restarted whenever it ends."""

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    before_start: Callable[[], None] | None = None
    """Runs in the new process, before the command."""
    once: bool = False
    """Whether an exit with 0 is its end: a feeder that has fed."""
    starts: int = 0
    ends: list[int] = field(default_factory=list)
    """Exit codes; the negative of a signal that ended it."""
    wanted: bool = True
    _running: subprocess.Popen[bytes] | None = None
    _next: float = 0.0

    @property
    def pid(self) -> int | None:
        """The process id; None where it does not run at this moment."""
        running = self._running
        return None if running is None or running.poll() is not None else running.pid

    @property
    def restarts(self) -> int:
        return max(self.starts - 1, 0)

    @property
    def crashes(self) -> int:
        """Ends that nobody asked for: neither 0 nor by a signal from outside."""
        return sum(code > 0 for code in self.ends)

    @property
    def done(self) -> bool:
        return self.once and bool(self.ends) and self.ends[-1] == 0

    def said(self) -> str:
        """The end of what it wrote."""
        return (
            self.log.read_text("utf-8", "replace")[-4000:] if self.log.exists() else ""
        )

    def look_after(self) -> None:
        """Note an end; start it where it is to run and does not."""
        if self._running is not None:
            code = self._running.poll()
            if code is None:
                return
            self.ends.append(code)
            self._running = None
            self._next = time.monotonic() + RESTART_AFTER
        if self.wanted and not self.done and time.monotonic() >= self._next:
            self._start()

    def signal(self, number: signal.Signals) -> bool:
        """Send it a signal; False where it does not run at this moment."""
        running = self._running
        if running is None or running.poll() is not None:
            return False
        running.send_signal(number)
        return True

    def end(self, how: signal.Signals, timeout: float = STOP_SECONDS) -> int | None:
        """End it for good; its exit code, None where it did not run."""
        self.wanted = False
        running = self._running
        if running is None:
            return None
        running.send_signal(signal.SIGCONT)
        running.send_signal(how)
        try:
            return running.wait(timeout)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait(timeout)
            return None

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                list(self.command),
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=self._prepare,  # noqa: PLW1509 - it only asks the kernel
            )
        self.starts += 1

    def _prepare(self) -> None:
        """In the new process: it is not to outlive the tests, however they end."""
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if self.before_start is not None:
            self.before_start()


class Supervisor:
    """Looks after its processes ten times a second, until it is closed."""

    def __init__(self) -> None:
        self._processes: list[Process] = []
        self._all: list[Process] = []
        self._lock = Lock()
        self._ended = Event()
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)
        self._thread.start()

    def add(self, process: Process) -> Process:
        """Start it, and look after it from now on."""
        with self._lock:
            process.look_after()
            self._processes.append(process)
            self._all.append(process)
        return process

    def remove(
        self, process: Process, how: signal.Signals = signal.SIGTERM
    ) -> int | None:
        """End it and forget it; its exit code."""
        with self._lock:
            if process in self._processes:
                self._processes.remove(process)
        return process.end(how)

    def starts(self) -> dict[str, int]:
        """How often each process that is or was looked after was started."""
        with self._lock:
            return {p.name: p.starts for p in self._all}

    def close(self) -> None:
        """End everything: politely, then not."""
        self._ended.set()
        self._thread.join(10)
        for process in self._processes:
            process.wanted = False
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
        for process in self._processes:
            process.end(signal.SIGTERM)

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            with self._lock:
                for process in self._processes:
                    process.look_after()


def ember() -> str:
    """The installed command."""
    return str(Path(sys.executable).with_name("ember"))
