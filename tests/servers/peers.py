"""Published code to compare with, each in an environment of its own.

A peer needs other versions than Ember does, and more than Ember wants: it is installed
once under `.cache/peers/<name>/`, in the versions of `deploy/constraints-peers.txt`,
and a script is run in it as a process of its own: text in, text out.

    def test_equal(peers):
        told = json.loads(peers("clifpy").run(SCRIPT, folder, given=json.dumps(asked)))
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from servers.absent import missing


ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "deploy/constraints-peers.txt"

PACKAGES = {
    # Without what its drawings, its own tests and its release need: a third less.
    "clifpy": (
        "charset-normalizer",
        "clifpy",
        "duckdb",
        "numpy",
        "pandas",
        "pillow",
        "polars",
        "polars-runtime-32",
        "psutil",
        "pyarrow",
        "python-dateutil",
        "pytz",
        "PyYAML",
        "reportlab",
        "tqdm",
        "tzdata",
    ),
    "phoenix-sepsis": (
        "numpy",
        "pandas",
        "phoenix-sepsis",
        "python-dateutil",
        "pytz",
        "tzdata",
    ),
}
"""All that is installed for a peer; nothing follows by itself."""


@dataclass(frozen=True, slots=True)
class Peer:
    """An environment in which one peer can be asked."""

    python: Path

    def run(
        self, script: Path, *arguments: object, given: str = "", timeout: float = 120
    ) -> str:
        """What the script wrote; `given` is what it reads from its standard input."""
        with tempfile.TemporaryDirectory(prefix="ember-peer-") as folder:
            done = subprocess.run(
                [str(self.python), str(script), *map(str, arguments)],
                check=False,
                input=given,
                capture_output=True,
                text=True,
                timeout=timeout,
                cwd=folder,  # some write logs to where they are started
                env={"PATH": os.environ["PATH"], "HOME": folder, "TZ": "UTC"},
            )
        if done.returncode:
            pytest.fail(f"{script.name} failed in its peer:\n{done.stderr[-4000:]}")
        return done.stdout


@pytest.fixture(scope="session")
def peers() -> Callable[[str], Peer]:
    """Gives the peer of that name, installing it where that was not done before."""
    return cache(_peer)


def _peer(name: str) -> Peer:
    folder = ROOT / ".cache/peers" / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    pinned = "".join(f"{pin}\n" for pin in _pins(PACKAGES[name]))
    with _locked(folder.with_suffix(".lock")):
        marker = folder / "installed.txt"
        if not marker.exists() or marker.read_text() != pinned:
            _install(folder, pinned)
            marker.write_text(pinned)
    return Peer(folder / "bin/python")


def _pins(packages: tuple[str, ...]) -> list[str]:
    lines = (line.strip() for line in PINS.read_text().splitlines())
    pins = {line.partition("==")[0]: line for line in lines if "==" in line}
    return [pins[package] for package in packages]


def _install(folder: Path, pinned: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _do("-m", "venv", "--without-pip", folder)
    python = folder / "bin/python"
    wanted = folder / "wanted.txt"
    wanted.write_text(pinned)
    _do(
        *("-m", "pip", "--python", python, "--disable-pip-version-check", "install"),
        *("--quiet", "--no-deps", "--only-binary", ":all:", "--retries", "1"),
        *("--requirement", wanted),
    )


def _do(*command: object) -> None:
    try:
        subprocess.run(
            [sys.executable, *map(str, command)],
            check=True,
            capture_output=True,
            text=True,
            timeout=600,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
        missing(f"A peer's environment ({str(fault.stderr or fault)[-400:].strip()})")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One at a time: several test processes may ask for the same peer."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
