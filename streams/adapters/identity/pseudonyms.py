"""Keyed names in place of identifiers, made before anything leaves an adapter.

A pseudonym is an HMAC-SHA-256 under the site's key (RFC 2104), written with the
version of that key.
A name is for ever: who was named before a newer key came keeps the older name, and all
that belongs to a patient is named under the key of the patient's own name.
Without the key nobody can compute or reverse it; with the vault, and nothing else,
one can be led back to a patient.
"""

from __future__ import annotations

import hmac
import re
from base64 import b32encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol


KEY_BYTES = 32
"""The least a key may have: 256 bits."""

_LETTERS = 26
"""Of base 32: 130 bits of the HMAC."""
_BYTES = 20
"""That is in these, which base 32 writes without padding."""

Kind = Literal["patient", "encounter", "reference"]
"""What is named: a person, a hospital stay, or anything else with a number of its
own (an order, a specimen, a record)."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier as a source wrote it; nothing prints or logs its value."""

    authority: str
    """Who assigned it, as the site's configuration names them; empty where unsaid."""
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An identifier beside its pseudonym: for the vault, and for nobody else."""

    pseudonym: str
    key_version: int
    identifier: Identifier


class Identities(Protocol):
    """How a site's identifiers are named."""

    @property
    def key_version(self) -> int:
        """The version of the key in use; 0 where identifiers are kept."""
        ...

    def name(self, kind: Kind, identifier: Identifier) -> str:
        """The name of what the identifier stands for, the same for ever."""
        ...


class Pseudonyms:
    """The names of one site, under the newest of its keys for all who are new."""

    def __init__(
        self,
        site: str,
        keys: Mapping[int, bytes],
        *,
        known: Collection[str] = frozenset(),
        version: int | None = None,
    ) -> None:
        """Take the keys by version (1 and up, each of at least 32 bytes).

        `known` are the patients that were named under older keys; `version` is the
        key of whatever is no patient, else the newest.
        """
        if not keys or min(keys) < 1 or any(len(k) < KEY_BYTES for k in keys.values()):
            raise ValueError("a site needs keys of 32 bytes, numbered from 1")
        self._site = site
        self._keys = dict(keys)
        self._version = max(keys) if version is None else version
        self._older = tuple(sorted(keys))[:-1] if known else ()
        self._known = known

    @property
    def key_version(self) -> int:
        """The version by which encounters and references are named."""
        return self._version

    def under_each_key(self) -> dict[int, Pseudonyms]:
        """By version, the names of what belongs to patients of that version."""
        return {
            version: Pseudonyms(
                self._site, self._keys, known=self._known, version=version
            )
            for version in sorted(self._keys)
        }

    def name(self, kind: Kind, identifier: Identifier) -> str:
        """The pseudonym, such as `p1-` and 26 letters of base 32."""
        if kind != "patient":
            return self.name_under(self._version, kind, identifier)
        for version in self._older:
            named = self.name_under(version, kind, identifier)
            if named in self._known:
                return named
        return self.name_under(max(self._keys), kind, identifier)

    def name_under(self, version: int, kind: Kind, identifier: Identifier) -> str:
        """The pseudonym under one of the keys, to find what an older one named."""
        told = (self._site, kind, identifier.authority, identifier.value)
        text = "\x1f".join(told).encode("utf-8", "surrogatepass")
        digest = hmac.digest(self._keys[version], text, "sha256")
        letters = b32encode(digest[:_BYTES]).decode("ascii").lower()
        return f"{kind[0]}{version}-{letters[:_LETTERS]}"


def key_version_of(pseudonym: str) -> int:
    """The key it was made with; 0 for what is no pseudonym."""
    found = _PSEUDONYM.fullmatch(pseudonym)
    return int(found[1]) if found else 0


_PSEUDONYM = re.compile(rf"[per]([1-9][0-9]*)-[a-z2-7]{{{_LETTERS}}}")


class PublicIdentifiers:
    """The identifiers of public research data, kept as they are."""

    key_version = 0

    def name(self, kind: Kind, identifier: Identifier) -> str:  # noqa: ARG002
        """The identifier's own value."""
        return identifier.value
