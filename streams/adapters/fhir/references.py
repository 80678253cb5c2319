"""What a reference points to, as one key for one resource.

A key is `Patient/1` for a resource of the site's server; `Report/2#a` for one that is
contained in another; the whole address for a server the site does not name; and a
keyed name for a logical reference, which has nothing but an identifier.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from streams.adapters.fhir import elements
from streams.adapters.identity.pseudonyms import Identifier, Identities
from streams.adapters.site.configuration import SiteConfiguration


_LOCAL = re.compile(r"([A-Z][A-Za-z]{1,63})/([A-Za-z0-9\-.]{1,64})(?:/_history/[^/]+)?")
_LOGICAL = re.compile(r"([A-Z][A-Za-z]{1,63})\?identifier=([^|&]*)\|([^&]+)")
_TYPED = re.compile(r"([A-Z][A-Za-z]{1,63})")
_LONGEST = 2_048
"""Characters of an address."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a reference stands: what it may see beside the server's resources."""

    key: str
    root: str
    """The key of what contains it; its own where nothing does."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """In a Bundle: key by `fullUrl`."""


class Addresses:
    """How one site's references are read."""

    def __init__(self, site: SiteConfiguration, identities: Identities) -> None:
        self._servers = tuple(f"{base.rstrip('/')}/" for base in site.fhir_servers)
        self._site = site
        self._identities = identities

    def key(self, reference: elements.Reference | None, scope: Scope) -> str | None:
        """The key of what is pointed to; None where nothing is."""
        if reference is None:
            return None
        written = reference.reference
        if not written:
            return self._logical_key(reference.type, reference.identifier)
        if len(written) > _LONGEST:
            return None
        if written.startswith("#"):
            return f"{scope.root}{written}" if len(written) > 1 else scope.root
        if alias := scope.aliases.get(written):
            return alias
        return self.address_key(written)

    def address_key(self, address: str) -> str | None:
        """The key of an address; None where it is none."""
        for base in self._servers:
            if address.startswith(base):
                address = address[len(base) :]
                break
        if found := _LOCAL.fullmatch(address):
            return f"{found[1]}/{found[2]}"
        if found := _LOGICAL.fullmatch(address):
            return self.identifier_key(
                found[1], authority_of(found[2], self._site), found[3]
            )
        return address if ":" in address else None

    def identifier_key(self, kind: str, authority: str, value: str) -> str:
        """The key under which a resource with that identifier may be asked for."""
        name = self._identities.name("reference", Identifier(authority, value))
        return f"{kind}?{name}"

    def _logical_key(
        self, kind: str | None, identifier: elements.Identifier | None
    ) -> str | None:
        if not kind or not _TYPED.fullmatch(kind):
            return None
        if identifier is None or not identifier.value:
            return None
        authority = authority_of(identifier.system or "", self._site)
        return self.identifier_key(kind, authority, identifier.value)


def authority_of(system: str, site: SiteConfiguration) -> str:
    """The site's name for an identifier system: `urn:oid:1.2.3` is also `1.2.3`."""
    bare = system.removeprefix("urn:oid:")
    return site.authority_names.get(system) or site.authority_names.get(bare) or bare


def type_of(key: str) -> str:
    """The resource type a key speaks of; empty where it does not say."""
    head = re.split(r"[/?#]", key.rpartition("#")[0] or key)[0]
    return head if _TYPED.fullmatch(head) else ""
