"""The one address that alerts are posted to, checked before every call.

What is guarded: the scheme, credentials in the address, and every internet address
the host's name stands for at the moment of sending.
The call is then made to an address from that checked answer, never to the name, so a
DNS entry that changes between check and call (rebinding) changes nothing.
TLS still verifies the certificate against the name.

What is not guarded: what a permitted receiver does with the request (it may forward
it), the port (any is allowed), and a name server that answers slowly: its own time
limit holds, not ours.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

from registry.alerts.addresses import Address, objection, read_address
from streams.vocabulary.errors import ErrorCode, SettingsError


Resolver = Callable[[str, int], tuple[Address, ...]]
"""What turns a host and a port into addresses; raises OSError where it cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where alerts go, and which hosts may lie inside our own network."""

    url: httpx2.URL
    allowed_hosts: frozenset[str]

    @property
    def host(self) -> str:
        """The host as DNS spells it, without brackets."""
        return self.url.raw_host.decode("ascii").lower().rstrip(".")

    @property
    def port(self) -> int:
        """The port, the scheme's own where none is named."""
        return self.url.port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether the call is encrypted."""
        return self.url.scheme == "https"


@dataclass(frozen=True, slots=True)
class Blocked:
    """No address of the target may be called."""

    reason: str


def read_target(url: str, allowed_hosts: frozenset[str] = frozenset()) -> Target:
    """The target `url` names; SettingsError EMB-402 where it may never be called.

    The sentence never repeats the address: its path may be a secret.
    """
    target = Target(url=_parse(url), allowed_hosts=_canonical(allowed_hosts))
    if fault := _fault(target):
        raise _refused(fault)
    return target


def callable_addresses(
    target: Target, resolve: Resolver
) -> tuple[Address, ...] | Blocked:
    """The addresses to call now, in the resolver's order, or why there are none.

    One forbidden address among several blocks all: which of them a later call would
    pick is not ours to say.
    """
    literal = read_address(target.host)
    try:
        found = (literal,) if literal else resolve(target.host, target.port)
    except (OSError, UnicodeError):
        # UnicodeError: a label longer than DNS allows.
        return Blocked(f"{target.host} cannot be found")
    faults = (_objection(target, address) for address in found)
    fault = next((f for f in faults if f), None)
    if fault or not found:
        return Blocked(fault or f"{target.host} has no address")
    return found


def resolve_by_system(host: str, port: int) -> tuple[Address, ...]:
    """What the system's resolver answers; it may block for its own time limit."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    read = (read_address(str(answer[4][0])) for answer in answers)
    return tuple(dict.fromkeys(address for address in read if address))


def _parse(url: str) -> httpx2.URL:
    try:
        return httpx2.URL(url)
    except httpx2.InvalidURL:
        raise _refused("it cannot be read") from None


def _canonical(hosts: frozenset[str]) -> frozenset[str]:
    return frozenset(host.strip().lower().strip("[]").rstrip(".") for host in hosts)


def _fault(target: Target) -> str | None:
    """What is wrong whatever the name stands for."""
    literal = read_address(target.host)
    if target.url.scheme not in {"https", "http"} or not target.host:
        return "it must begin with https:// and name a host"
    if target.url.userinfo or target.url.fragment:
        return "it must hold no user, password or fragment"
    if target.url.port is not None and not 1 <= target.url.port <= 65535:
        return "its port must lie between 1 and 65535"
    if not target.secure and not _named_loopback(target.host):
        return "only this machine itself may be called without https"
    return _objection(target, literal) if literal else None


def _objection(target: Target, address: Address) -> str | None:
    if not target.secure and not address.is_loopback:
        return f"{target.host} is called without https and is not this machine"
    return objection(address, host=target.host, allowed=target.allowed_hosts)


def _named_loopback(host: str) -> bool:
    literal = read_address(host)
    return literal.is_loopback if literal else host == "localhost"


def _refused(fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"The webhook's address is not usable: {fault}.",
        "An inside host must be listed among the allowed hosts.",
    )
