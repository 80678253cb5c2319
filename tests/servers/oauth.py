"""A real OAuth server, npm's `oidc-provider`, started by the tests that ask for tokens.

Its packages are installed once under `.cache/node/`, in the versions of
`oauth/package-lock.json`.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey
from servers.absent import missing

from streams.app.kafka.broker import free_port


HERE = Path(__file__).resolve().parent / "oauth"
CACHE = HERE.parents[2] / ".cache/node/oauth"
CLIENT = "ember-at-the-test-hospital"
SCOPE = "system/*.read"


@dataclass(frozen=True, slots=True)
class OAuthServer:
    """A running server that knows one client."""

    issuer: str
    key: ECKey | RSAKey
    """The client's own key."""

    @property
    def token_endpoint(self) -> str:
        return f"{self.issuer}/token"

    @property
    def jwks(self) -> str:
        return f"{self.issuer}/jwks"


@pytest.fixture(scope="session")
def oauth_packages() -> Path:
    """Where its packages are; installs them where that was not done before."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        missing("Node.js with npm, for a real OAuth server")
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package-lock.json").read_text()
    marker = CACHE / "installed.json"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not marker.exists() or marker.read_text() != wanted:
            _install(npm)
            marker.write_text(wanted)
    return CACHE


@contextmanager
def oauth_server(
    packages: Path, *, audience: str, seconds: float = 300, rsa: bool = False
) -> Iterator[OAuthServer]:
    """A server whose tokens live that long and are for `audience`."""
    key = (
        RSAKey.generate_key(2048, auto_kid=True)
        if rsa
        else ECKey.generate_key("P-384", auto_kid=True)
    )
    port = free_port()
    given = {
        "port": port,
        "ttl": seconds,
        "client_id": CLIENT,
        "jwks": {"keys": [key.as_dict(private=False)]},
        "resource": audience,
        "scope": SCOPE,
        "algorithm": "RS384" if rsa else "ES384",
    }
    command = ["node", str(HERE / "provider.mjs"), json.dumps(given), str(packages)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            _await_ready(process)
            yield OAuthServer(f"http://127.0.0.1:{port}", key)
        finally:
            process.kill()


def _await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    told = []
    for line in process.stdout:
        told.append(line)
        if line.startswith("ready"):
            return
    pytest.fail(f"the OAuth server did not start:\n{''.join(told)[-2000:]}")


def _install(npm: str) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, CACHE / name)
    try:
        subprocess.run(
            [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
            cwd=CACHE,
            env={**os.environ, "npm_config_cache": str(CACHE / "downloads")},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as fault:
        missing(f"oidc-provider ({str(fault.stderr or fault)[-400:].strip()})")
