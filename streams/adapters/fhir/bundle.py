"""Bundle: several resources, and deletions, sent together.

Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), `Bundle`.
"""

from __future__ import annotations

from typing import Any

from streams.adapters.fhir.elements import Element
from streams.adapters.fhir.resource import Resource


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


class Bundle(Resource):
    """Several resources sent together."""

    type: str | None = None
    timestamp: str | None = None
    entry: tuple[Entry, ...] = ()
