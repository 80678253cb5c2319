"""A PostgreSQL of the house's own, which may be stopped, killed and started again."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from servers.postgres import Server, _address, _binaries, _in_memory, _run


class Database:
    """One server with one database; its data outlives a stop."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="ember-fault-", dir=_in_memory()))
        self._programs = _binaries(self._folder)
        where, self._options = _address(self._folder)
        self._server = Server(where)
        data = self._folder / "data"
        _run(
            self._programs / "initdb",
            *("-D", data, "-U", "ember", "-A", "trust", "-E", "UTF8", "-N"),
        )
        self._control = (
            self._programs / "pg_ctl",
            *("-D", data, "-w", "-l", self._folder / "server.log"),
        )
        self._runs = False
        self.start()
        self._server.run("CREATE DATABASE house")

    @property
    def url(self) -> str:
        """The registry's address."""
        return self._server.url("house")

    def start(self) -> None:
        """On the data it had."""
        options = f"{self._options} -c max_connections=60 -c shared_buffers=32MB"
        _run(*self._control, "-o", options, "start")
        self._runs = True

    def stop(self, *, at_once: bool = False) -> None:
        """In good order, or as a power cut does; nobody is waited for."""
        mode = "immediate" if at_once else "fast"
        _run(*self._control, "-m", mode, "stop")
        self._runs = False

    def close(self) -> None:
        """End it, and leave nothing behind."""
        try:
            if self._runs:
                self.stop(at_once=True)
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
