"""The address to which a FHIR server posts what its subscriptions tell.

200 says: it is durable. 503 says: try again, nothing of it was taken.
"""

from __future__ import annotations

import hmac
import ssl
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from streams.adapters.fhir.notification import read_notification
from streams.app.fhir.reception import Reception
from streams.app.observe.logs import Log
from streams.app.observe.metrics import SubscriberMetrics
from streams.vocabulary.errors import ErrorCode, InputError, SettingsError


PATH = "/notifications"
LARGEST = 16 << 20
"""Bytes of a notification, unpacked."""
IN_HAND = 32
"""Notifications that are taken in at once; who comes then is asked to come again."""
_JSON = ("application/fhir+json", "application/json")


@dataclass(slots=True)
class Endpoint:
    """Answers the posts of one FHIR server."""

    reception: Reception
    secret: bytes | None
    """What must stand behind `Bearer`; None: a client's certificate says who it is."""
    metrics: SubscriberMetrics
    log: Log
    in_hand: int = 0

    def application(self) -> web.Application:
        """The application, for aiohttp to serve."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_post(PATH, self.post)
        return app

    async def post(self, request: web.Request) -> web.Response:
        """Take one notification."""
        if not self._may(request):
            return self._answer(401, "rejected")
        if request.content_type not in _JSON:
            return self._answer(415, "rejected")
        if self.in_hand >= IN_HAND:
            return self._answer(503, "failed")
        self.in_hand += 1
        try:
            payload = await request.read()
            return await self._take(payload)
        finally:
            self.in_hand -= 1

    async def _take(self, payload: bytes) -> web.Response:
        try:
            told = read_notification(payload)
        except InputError as fault:
            self.log.warning("no notification", code=fault.code.value)
            return self._answer(400, "rejected")
        try:
            fresh = await self.reception.take(told, payload)
        except Exception as fault:  # noqa: BLE001 - whatever it is, it is not durable
            self.log.failed("a notification was not stored", fault)
            return self._answer(503, "failed")
        if told.kind == "event-notification":
            return self._answer(200, "applied" if fresh else "repeated")
        return self._answer(200, "ignored")

    def _may(self, request: web.Request) -> bool:
        if self.secret is None:
            return True
        said = request.headers.get("Authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(said, b"Bearer " + self.secret)

    def _answer(self, status: int, outcome: str) -> web.Response:
        self.metrics.notifications.add(outcome=outcome)
        headers = {"Retry-After": "5"} if status == 503 else {}
        return web.Response(status=status, headers=headers)


def read_secret(path: Path) -> bytes:
    """The shared secret; raises `SettingsError` EMB-312 for none of 16 bytes."""
    try:
        secret = path.read_bytes().strip()
    except OSError as fault:
        raise _no_secret(path, f"cannot be read ({fault.strerror})") from None
    if len(secret) < 16:
        raise _no_secret(path, "holds a secret of less than 16 characters")
    return secret


def tls_context(cert: Path, key: Path | None, client_ca: Path | None) -> ssl.SSLContext:
    """TLS; with `client_ca`, for clients it has signed alone.

    Raises `SettingsError` EMB-402 for files that cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as fault:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"A certificate of `ember subscribe` cannot be used ({fault}).",
            "Name files with certificate and key in PEM.",
        ) from None
    return context


def _no_secret(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.SECRET_MISSING,
        f"The secret file {path} {fault}.",
        "Write a long random text into it, and into the Subscription's header.",
    )
