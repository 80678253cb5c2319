"""A signer of its own: a process, its socket and key file, its role on PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from socket import AF_UNIX, socket

from servers.postgres import Server

from registry.signing.client import SignerClient
from registry.store.roles import REGISTRY, SIGNER, grant_roles


COMMAND = (str(Path(sys.executable).with_name("ember")), "signer")
_ANY_MOMENT = str(10**9)
"""Seconds: made-up bedsides have a time of their own."""
_PATIENCE = 120.0
"""Seconds until a process must be there on a machine that others use too."""


@dataclass
class SignerHouse:
    """One registry with its roles, and the signer's folder."""

    owner_url: str
    app_url: str
    """As the application connects: by a member of `ember_registry`."""
    signer_url: str
    folder: Path
    places: int = 4
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def socket(self) -> Path:
        return self.folder / "signer.sock"

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    @property
    def said(self) -> str:
        """All that the signer wrote to its outputs."""
        return (self.folder / "said").read_text("utf-8")

    @cached_property
    def client(self) -> SignerClient:
        return SignerClient(self.socket, seconds=_PATIENCE)

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "EMBER_REGISTRY": self.signer_url,
            "EMBER_SIGNER": str(self.socket),
            "EMBER_SIGNER_KEYS": str(self.keys),
            "EMBER_SIGNER_PLACES": str(self.places),
            "EMBER_SIGNER_TOLERANCE": _ANY_MOMENT,
            **more,
        }

    def start(
        self, command: Sequence[str] = COMMAND, **more: str
    ) -> subprocess.Popen[bytes]:
        """A signer that answers already; another one where EMBER_SIGNER is another."""
        environment = self.environment(**more)
        place = Path(environment["EMBER_SIGNER"])
        with (self.folder / "said").open("ab") as said:
            process = subprocess.Popen(
                command, env=environment, stdout=said, stderr=said
            )
        self._running.append(process)
        give_up = time.monotonic() + _PATIENCE
        while not _listens(place):
            assert process.poll() is None, self.said
            assert time.monotonic() < give_up, self.said
            time.sleep(0.02)
        return process

    def stop(self) -> None:
        """Whatever still runs is killed, and the client hangs up."""
        self.client.close()
        for process in self._running:
            process.kill()
            process.wait(_PATIENCE)
        self._running.clear()


def _listens(path: Path) -> bool:
    """Whether somebody takes calls there: the file is there a moment earlier."""
    with socket(AF_UNIX) as line, suppress(OSError):
        line.connect(str(path))
        return True
    return False


@contextmanager
def signer_house(
    postgres: Server, *, keys: Mapping[str, bytes]
) -> Iterator[SignerHouse]:
    """A migrated registry with roles and logins; no signer runs yet."""
    folder = Path(tempfile.mkdtemp(prefix="ember-signer-"))
    with postgres.database() as url:
        grant_roles(url)
        name = url.partition("@/")[2].partition("?")[0]
        logins = {f"{name}_app": REGISTRY, f"{name}_signer": SIGNER}
        for login, role in logins.items():
            postgres.run(f"CREATE ROLE {login} LOGIN IN ROLE {role}")
        urls = [url.replace("ember@", f"{login}@") for login in logins]
        house = SignerHouse(url, *urls, folder)
        house.keys.touch(mode=0o600)
        house.keys.write_text(json.dumps({t: key.hex() for t, key in keys.items()}))
        try:
            yield house
        finally:
            house.stop()
            shutil.rmtree(folder)
            for login in logins:
                postgres.run(f"DROP ROLE {login}")
