"""A small FHIR server over real HTTP: resources, bulk export, and whom it lets in.

It says what a test tells it to say, and can be slow, busy, and cut its own files off.
A token is looked at as a real server does: signature by the authorisation server's
published keys, issuer, audience, end, scope.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]


@dataclass
class FhirHouse:
    """What the server has, does wrong, and was asked."""

    port: int = 0
    issuer: str | None = None
    """Whose tokens it takes; None lets everybody in."""
    token_endpoint: str = ""
    resources: dict[str, Any] = field(default_factory=dict)
    """By `Patient/1`: what is answered to a read."""
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By subscription: what `$events` tells."""
    files: dict[str, dict[str, list[bytes]]] = field(default_factory=dict)
    """By `output`, `deleted`, `error`: files by name, as lines."""
    job: str = "1"
    """The export's own number."""
    pages: int = 1
    """In how many pages the manifest comes."""
    busy: list[tuple[int, str | None]] = field(default_factory=list)
    """Statuses, with Retry-After, before a status request is answered in full."""
    cuts: dict[str, list[int]] = field(default_factory=dict)
    """By file: after so many bytes the connection is cut, once each."""
    compress: bool = False
    counts_off_by: int = 0
    refuses: dict[str, int] = field(default_factory=dict)
    """By path: answered with this status."""
    asked: list[Asked] = field(default_factory=list)
    turned_away: int = 0
    """Requests without a good token."""
    deleted_export: bool = False
    _keys: KeySet | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/fhir"

    def paths(self, method: str = "GET") -> list[str]:
        return [one.path for one in self.asked if one.method == method]

    # -- who may come in ---------------------------------------------------------

    def lets_in(self, headers: dict[str, str]) -> bool:
        if self.issuer is None:
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return False
        if self._keys is None:
            published = httpx2.get(f"{self.issuer}/jwks").json()
            self._keys = KeySet.import_key_set(published)
        try:
            claims = jwt.decode(token, self._keys, algorithms=["RS256"]).claims
        except JoseError:
            return False
        return (
            claims["iss"] == self.issuer
            and claims["aud"] == self.base
            and claims["exp"] > time.time()
            and "system/*.read" in claims["scope"].split()
        )

    # -- what it answers ---------------------------------------------------------

    def manifest(self, page: int) -> dict[str, Any]:
        told: dict[str, Any] = {
            "transactionTime": "2026-02-01T00:00:00Z",
            "request": f"{self.base}/Patient/$export",
            "requiresAccessToken": self.issuer is not None,
            "output": [],
            "deleted": [],
            "error": [],
        }
        everything = [
            (kind, name, lines)
            for kind, files in self.files.items()
            for name, lines in files.items()
        ]
        for kind, name, lines in everything[page :: self.pages]:
            file = {"type": "Observation", "url": f"{self.base}/files/{name}"}
            if kind == "output":
                file["count"] = len(lines) + self.counts_off_by
            told[kind].append(file)
        if page + 1 < self.pages:
            following = f"{self.base}/jobs/{self.job}/{page + 1}"
            told["link"] = [{"relation": "next", "url": following}]
        return told

    def lines_of(self, name: str) -> list[bytes] | None:
        return next((f[name] for f in self.files.values() if name in f), None)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    house: FhirHouse

    def do_GET(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/fhir")
        if path == "/.well-known/smart-configuration":
            self.note(path)
            endpoint = self.house.token_endpoint
            self.answer(
                200,
                {
                    "token_endpoint": endpoint,
                    "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                    "token_endpoint_auth_signing_alg_values_supported": [
                        "ES384",
                        "RS384",
                    ],
                },
            )
        elif self.let_in(path):
            self.get(path)

    def do_DELETE(self) -> None:
        path = urlsplit(self.path).path.removeprefix("/fhir")
        if self.let_in(path):
            self.house.deleted_export = True
            self.answer(202, None)

    def let_in(self, path: str) -> bool:
        self.note(path)
        if path in self.house.refuses:
            self.answer(self.house.refuses[path], None)
            return False
        if not self.house.lets_in({k.lower(): v for k, v in self.headers.items()}):
            self.house.turned_away += 1
            self.answer(401, None)
            return False
        return True

    def note(self, path: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.house.asked.append(Asked(self.command, path, query, headers))

    def get(self, path: str) -> None:
        house = self.house
        parts = path.strip("/").split("/")
        if path.endswith("/$export"):
            if self.headers.get("Prefer") != "respond-async":
                self.answer(400, None)
                return
            where = {"Content-Location": f"{house.base}/jobs/{house.job}"}
            self.answer(202, None, where)
        elif parts[0] == "jobs":
            if len(parts) == 2 and house.busy:
                status, wait = house.busy.pop(0)
                self.answer(status, None, {"Retry-After": wait} if wait else {})
            else:
                page = int(parts[2]) if len(parts) > 2 else 0
                self.answer(200, house.manifest(page))
        elif parts[0] == "files":
            self.file(parts[1])
        elif parts[-1] == "$events":
            self.subscription_events(parts[1])
        elif "/".join(parts) in house.resources:
            self.answer(200, house.resources["/".join(parts)])
        else:
            self.answer(404, None)

    def subscription_events(self, name: str) -> None:
        asked = self.house.asked[-1].query
        first = int(asked.get("eventsSinceNumber", ["0"])[0])
        last = int(asked.get("eventsUntilNumber", ["999999999"])[0])
        told = self.house.events.get(name)
        if told is None:
            self.answer(404, None)
            return
        bundles = [b for b in told if first <= b["number"] <= last]
        entries = [e for b in bundles for e in b["entry"]]
        status = {
            "resourceType": "SubscriptionStatus",
            "type": "query-event",
            "subscription": {"reference": f"Subscription/{name}"},
            "notificationEvent": [b["event"] for b in bundles],
        }
        self.answer(
            200,
            {
                "resourceType": "Bundle",
                "type": "history",
                "entry": [{"resource": status}, *entries],
            },
        )

    def file(self, name: str) -> None:
        lines = self.house.lines_of(name)
        if lines is None:
            self.answer(404, None)
            return
        body = b"".join(line + b"\n" for line in lines)
        headers = {"Content-Type": "application/fhir+ndjson"}
        if self.house.compress:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        cuts = self.house.cuts.get(name, [])
        self.send_response(200)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if cuts:
            self.wfile.write(body[: cuts.pop(0)])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(body)

    def answer(
        self, status: int, body: object, headers: dict[str, str] | None = None
    ) -> None:
        told = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        """What it was asked is in `asked`."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """A connection cut on purpose is no news."""


@contextmanager
def fhir_house(house: FhirHouse | None = None) -> Iterator[FhirHouse]:
    """The server, answering until the end of the block."""
    run = house or FhirHouse()
    handler = type("OwnHandler", (Handler,), {"house": run})
    server = _Quiet(("127.0.0.1", 0), handler)
    run.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield run
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
