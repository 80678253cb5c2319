"""A process's answers to /metrics and /health, and what health is made of.

The server runs in threads of its own, so that it answers while the event loop hangs:
that is when somebody asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Self

import orjson

from streams.vocabulary.errors import ErrorCode, SettingsError


METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JSON_TYPE = "application/json"
REQUEST_SECONDS = 10
"""How long a caller may take to send a request, or to take an answer."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so, in words that name no patient."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """All checks of a process at one moment."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)

    def as_json(self) -> bytes:
        """Field `ok`, and `checks` with `name`, `ok` and `detail` each."""
        checks = [asdict(check) for check in self.checks]
        return orjson.dumps({"ok": self.ok, "checks": checks})


class Heartbeat:
    """When something last showed that it lives; any thread may beat or ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def beat(self) -> None:
        """It lives now."""
        self._last = self._clock()

    def age(self) -> float:
        """Seconds since the last beat; since it was made, where there was none."""
        return max(0.0, self._clock() - self._last)


class Checks:
    """Claims to be tried whenever somebody asks for the health."""

    def __init__(self) -> None:
        self._claims: dict[str, Callable[[], bool | str]] = {}

    def add(self, name: str, claim: Callable[[], bool | str]) -> None:
        """`claim` is True, or False, or says in fixed words what is wrong."""
        self._claims[name] = claim

    def fresh(self, name: str, heartbeat: Heartbeat, seconds: float) -> None:
        """Claim that `heartbeat` is never older than that."""

        def claim() -> bool | str:
            age = heartbeat.age()
            return age <= seconds or f"silent for {age:.0f} s"

        self.add(name, claim)

    def __call__(self) -> Health:
        """Try every claim; one that raises does not hold."""
        return Health(tuple(_tried(*named) for named in list(self._claims.items())))


def _tried(name: str, claim: Callable[[], bool | str]) -> Check:
    try:
        found = claim()
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is not well
        return Check(name, ok=False, detail=type(fault).__name__)
    if isinstance(found, str):
        return Check(name, ok=False, detail=found)
    return Check(name, ok=found)


class ObserveServer:
    """Answers GET /metrics and GET /health until it is stopped; all else is 404.

    Raises `SettingsError` EMB-402 where the address cannot be bound.
    """

    def __init__(
        self,
        host: str,
        port: int,
        metrics: Callable[[], bytes],
        health: Callable[[], Health],
    ) -> None:
        try:
            self._server = _Server((host, port), _handler(metrics, health))
        except OSError as fault:
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                f"EMBER_HTTP names {host}:{port}, which cannot be had "
                f"({fault.strerror}).",
                "Name a free port on an address of this machine.",
            ) from None
        self.port: int = self._server.server_address[1]
        self._thread = Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="observe",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Answer no more; the socket is closed when this returns."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    """A caller that hangs does not keep the process from stopping."""

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller that went away is no news."""


def _handler(
    metrics: Callable[[], bytes], health: Callable[[], Health]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_SECONDS
        server_version = "ember"
        sys_version = ""
        error_message_format = "%(code)d\n"
        error_content_type = "text/plain"

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    self._answer(HTTPStatus.OK, METRICS_TYPE, metrics())
                case "/health":
                    told = health()
                    status = (
                        HTTPStatus.OK if told.ok else HTTPStatus.SERVICE_UNAVAILABLE
                    )
                    self._answer(status, JSON_TYPE, told.as_json())
                case _:
                    self.send_error(HTTPStatus.NOT_FOUND)

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Who asked is not written down."""

    return Handler
