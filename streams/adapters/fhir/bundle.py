"""Bundle: several resources, and deletions, sent together.

Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), `Bundle`.
"""

from __future__ import annotations

from typing import Any

from streams.adapters.fhir.elements import Element
from streams.adapters.fhir.resource import Resource


_BRING = frozenset({"transaction", "batch", "message", "document", "collection"})
"""Bundles whose entries bring something; those of the others may point, or answer."""


class EntryRequest(Element):
    """What an entry asks for."""

    method: str | None = None
    url: str | None = None


class EntryResponse(Element):
    """What became of it."""

    etag: str | None = None
    last_modified: str | None = None


class Entry(Element):
    """One resource of a Bundle, or the deletion of one."""

    full_url: str | None = None
    resource: dict[str, Any] | None = None
    request: EntryRequest | None = None
    response: EntryResponse | None = None

    @property
    def method(self) -> str | None:
        """What is asked for, of `POST`, `PUT`, `DELETE` and others."""
        return self.request.method if self.request else None

    @property
    def deletes(self) -> bool:
        """Whether it is there to delete something."""
        return self.resource is None and self.method == "DELETE"


class Bundle(Resource):
    """Several resources sent together."""

    type: str | None = None
    timestamp: str | None = None
    entry: tuple[Entry, ...] = ()

    def flaw(self, entry: Entry, *, typed: bool) -> str | None:
        """Why an entry brings nothing that can be read, where it should.

        `typed` says whether its resource names its type.
        """
        if entry.resource is None:
            empty = self.type in _BRING and entry.method not in ("GET", "HEAD")
            return "It brings no resource." if empty else None
        if not typed:
            return "It names no type of resource."
        kind = entry.resource["resourceType"]
        if entry.method == "PATCH" and kind in ("Binary", "Parameters"):
            return "It is a patch, which is not read: send the resource as it is now."
        return None
