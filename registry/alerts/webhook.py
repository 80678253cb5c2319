"""Post a message to one address as a signed webhook (Standard Webhooks 1.0.0).

| answer             | meaning                                                  |
| ------------------ | -------------------------------------------------------- |
| 2xx                | taken                                                    |
| 410                | the target wants nothing any more; it is disabled        |
| 429, 502, 503, 504 | too much: the target is left alone for a while           |
| any other          | failed, a redirect too: signed alerts follow no pointers |
| none in time       | failed; it may have been taken, the id tells the target  |
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx2

from registry.alerts.addresses import Address
from registry.alerts.schedule import asked_wait, hold
from registry.alerts.sending import (
    Answer,
    Delivered,
    Failed,
    Gone,
    Standing,
    Throttled,
)
from registry.alerts.signing import read_secrets, signed_headers
from registry.alerts.standing import TargetStanding
from registry.alerts.target import (
    Blocked,
    Resolver,
    callable_addresses,
    read_target,
    resolve_by_system,
)
from streams.vocabulary.errors import ErrorCode, SettingsError


THROTTLES = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One webhook."""

    url: str = field(repr=False)
    """Where alerts are posted; https, or http on this machine itself."""
    secret_files: tuple[Path, ...]
    """Files with `whsec_...` lines; during a rotation several, the newest first."""
    disabled_marker: Path
    """The file that notes a 410; remove it to enable the address again."""
    allowed_hosts: frozenset[str] = frozenset()
    """Hosts that may lie inside our own network, or on this machine."""
    timeout: timedelta = timedelta(seconds=15)
    """For the whole call, from connecting to the answer's head."""
    ca_file: Path | None = None
    """Certificates of the hospital's own authority, instead of the usual ones."""


class WebhookSender:
    """Sends to one address; not to be called inside a running event loop."""

    def __init__(
        self, settings: WebhookSettings, *, resolve: Resolver = resolve_by_system
    ) -> None:
        self._target = read_target(settings.url, settings.allowed_hosts)
        self._secrets = read_secrets(settings.secret_files)
        self._standing = TargetStanding(settings.url, settings.disabled_marker)
        self._timeout = settings.timeout
        self._tls = _tls(settings.ca_file)
        self._resolve = resolve

    @property
    def patience(self) -> timedelta:
        """The longest that a target is waited for."""
        return self._timeout

    def standing(self, at: datetime) -> Standing:
        """Whether the target may be called at `at`."""
        return self._standing.at(at)

    def send(self, delivery_id: str, body: str, *, at: datetime) -> Answer:
        """Sign and post once; `at` becomes the `webhook-timestamp`."""
        addresses = callable_addresses(self._target, self._resolve)
        if isinstance(addresses, Blocked):
            return Failed(addresses.reason)
        headers = {
            "host": self._target.url.netloc.decode("ascii"),
            "content-type": "application/json",
            "user-agent": "ember",
            **signed_headers(delivery_id, body, at=at, secrets=self._secrets),
        }
        posting = self._post(addresses, headers, body.encode())
        return self._judge(asyncio.run(posting), at)

    async def _post(
        self, addresses: tuple[Address, ...], headers: dict[str, str], body: bytes
    ) -> httpx2.Response | Failed:
        # The library's limits are per read: a byte every 14 s would hold us for ever.
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                return await self._post_to_first(addresses, headers, body)
        except (TimeoutError, httpx2.TimeoutException):
            return Failed(f"no answer within {self._timeout.total_seconds():g} s")
        except httpx2.TransportError as error:
            return Failed(f"the connection failed ({type(error).__name__})")

    async def _post_to_first(
        self, addresses: tuple[Address, ...], headers: dict[str, str], body: bytes
    ) -> httpx2.Response:
        """Post to the first address that lets us connect."""
        *others, last = addresses
        for address in others:
            try:
                return await self._post_to(address, headers, body)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue  # nothing was sent yet
        return await self._post_to(last, headers, body)

    async def _post_to(
        self, address: Address, headers: dict[str, str], body: bytes
    ) -> httpx2.Response:
        # The bare transport: a client would also follow the environment's proxies
        # (past the checked address), keep cookies, and log the whole address.
        request = httpx2.Request(
            "POST",
            self._target.url.copy_with(host=str(address)),
            headers=headers,
            content=body,
            extensions={"sni_hostname": self._target.host, "timeout": self._limits()},
        )
        async with httpx2.AsyncHTTPTransport(
            verify=self._tls, trust_env=False
        ) as transport:
            response = await transport.handle_async_request(request)
            # The body is left unread: nothing in it is for us.
            await response.aclose()
        return response

    def _limits(self) -> dict[str, float | None]:
        seconds = self._timeout.total_seconds()
        # A third for connecting, so that a dead first address leaves time for another.
        return httpx2.Timeout(seconds, connect=seconds / 3).as_dict()

    def _judge(self, response: httpx2.Response | Failed, at: datetime) -> Answer:
        if isinstance(response, Failed):
            return response
        status = response.status_code
        if 200 <= status < 300:
            return Delivered()
        if status == 410:
            self._standing.disable(at)
            return Gone("the target answered 410")
        if status in THROTTLES:
            asked = asked_wait(response.headers.get("retry-after"), at=at)
            self._standing.hold(at + hold(asked))
            return Throttled(f"the target answered {status}", at + hold(asked))
        return Failed(f"the target answered {status}")


def _tls(ca_file: Path | None) -> ssl.SSLContext:
    if ca_file is None:
        return httpx2.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError):
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"The certificate file {ca_file.name} cannot be read.",
        ) from None
