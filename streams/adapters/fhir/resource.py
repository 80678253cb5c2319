"""What all FHIR resources have in common.

Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), `Resource` and `DomainResource`.
"""

from __future__ import annotations

from typing import Any

from streams.adapters.fhir.elements import Element, Meta


class Resource(Element):
    """What all resources have in common."""

    resource_type: str
    id: str | None = None
    meta: Meta | None = None
    contained: tuple[dict[str, Any], ...] = ()
