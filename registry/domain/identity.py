"""Who a pseudonym stands for: what the vault holds, and what is found in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from registry.domain.audit import canonical


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier as its source wrote it; nothing prints or logs its value."""

    authority: str
    """Who assigned it; empty where unsaid."""
    value: str = field(repr=False)

    def told(self) -> bytes:
        """As it is sealed."""
        return canonical([self.authority, self.value])


def identifier_told(told: bytes) -> Identifier:
    """What `Identifier.told` wrote."""
    authority, value = json.loads(told)
    return Identifier(authority, value)


@dataclass(frozen=True, slots=True)
class Kept:
    """One identifier of one pseudonym, as the vault holds it."""

    site: str
    pseudonym: str
    digest: str
    """Keyed; by which it is found."""
    key_version: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Sighted:
    """An identifier that was read beside its pseudonym."""

    site: str
    pseudonym: str
    identifier: Identifier


TABLE = "vault"


def bound_to(site: str) -> str:
    """What the seals of a site's rows are bound to."""
    return f"{site}/{TABLE}"
