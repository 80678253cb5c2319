"""Which internet addresses a webhook may be sent to.

A webhook makes our server call an address somebody typed: without a rule it can be
pointed at the inside of the hospital's network or at a cloud's metadata service.
"""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)


Address = IPv4Address | IPv6Address

METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack
        "fd00:ec2::254",  # AWS over IPv6
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
        "168.63.129.16",  # Azure's platform channel, a public address
    )
)

_SHARED = IPv4Network("100.64.0.0/10")
"""Carrier-grade NAT (RFC 6598): inside, though not called private."""

_NAT64 = IPv6Network("64:ff9b::/96")
"""How an IPv6-only network reaches an IPv4 address (RFC 6052)."""


def objection(address: Address, *, host: str, allowed: frozenset[str]) -> str | None:
    """Why `address`, which `host` stands for, must not be called; None if it may.

    A host in `allowed` may be inside: private or loopback.
    What no receiver of alerts lives on (metadata, link-local, multicast, unassigned)
    stays blocked, unless `allowed` names that very address: otherwise an allowed name
    whose DNS entry is changed would open the metadata service.
    """
    kinds = (_kind(one) for one in _all_of(address))
    worst = next((kind for kind in kinds if kind), None)
    if worst is None or str(address) in allowed:
        return None
    if host in allowed and worst in {"loopback", "private"}:
        return None
    return f"{host} stands for {address}, a {worst} address"


def read_address(text: str) -> Address | None:
    """The address `text` spells, or None where it is a name."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def _all_of(address: Address) -> tuple[Address, ...]:
    """The address, and the IPv4 address that IPv6 may wrap."""
    if isinstance(address, IPv4Address):
        return (address,)
    if address.ipv4_mapped:
        return (address.ipv4_mapped,)
    if address in _NAT64:
        return (IPv4Address(address.packed[-4:]),)
    # A 6to4 address is one of its own besides.
    return (address, address.sixtofour) if address.sixtofour else (address,)


def _kind(address: Address) -> str | None:
    """What is wrong with it in a word; None for an ordinary public address."""
    cases = (
        (address in METADATA, "metadata"),
        (address.is_loopback, "loopback"),
        (address.is_link_local, "link-local"),
        (address.is_multicast, "multicast"),
        (address.is_unspecified or address.is_reserved, "unassigned"),
        (address in _SHARED if address.version == 4 else False, "private"),
        (address.is_private or not address.is_global, "private"),
    )
    return next((word for holds, word in cases if holds), None)
