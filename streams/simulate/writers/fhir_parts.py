"""The parts FHIR R4 resources are made of: codings, references, moments, versions.

Source: HL7 FHIR R4 (4.0.1), data types.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from streams.simulate.writers.codebook import SYSTEM, Local
from streams.vocabulary.clock import iso
from streams.vocabulary.codes import Loinc
from streams.vocabulary.events import Event
from streams.vocabulary.messages import EhrMessage


Resource = dict[str, Any]
"""One resource as JSON holds it; FHIR's own names."""
Element = dict[str, Any]
"""A part of one."""

LOCAL = f"urn:ember:{SYSTEM.lower()}"
"""The synthetic hospital's own system of codes."""
UCUM = "http://unitsofmeasure.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"

_MADE_UP = {
    "system": f"{TERMINOLOGY}/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


def resource(kind: str, name: str, told: EhrMessage, /, **elements: Any) -> Resource:  # noqa: ANN401 - JSON
    """A resource as it stood when the message was issued; what is None is absent.

    Its version is the second of its issue; `HTEST` says that nobody is behind it.
    """
    issued = told.issued_at or told.known_at
    meta = {
        "versionId": str(int(issued.timestamp())),
        "lastUpdated": iso(issued),
        "security": [_MADE_UP],
    }
    head = {"resourceType": kind, "id": resource_id(name), "meta": meta}
    return head | {k: v for k, v in elements.items() if v is not None}


def resource_id(name: str) -> str:
    """The name as an id may be written."""
    return name.replace(":", "-")


def reference(
    kind: str, name: str | None, display: str | None = None
) -> Element | None:
    """A reference within the same server; None to nothing."""
    if name is None:
        return None
    pointed = {"reference": f"{kind}/{resource_id(name)}"}
    return pointed | ({"display": display} if display else {})


def subject(told: EhrMessage) -> Element | None:
    """Whom it is about."""
    return reference("Patient", told.patient)


def encounter(event: Event) -> Element | None:
    """The stay the event belongs to."""
    return reference("Encounter", event.encounter)


def concept(*codings: Element) -> Element:
    """A CodeableConcept."""
    return {"coding": list(codings)}


def coding(system: str, code: str, display: str | None = None) -> Element:
    """A Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def coded(meant: Local) -> Element:
    """LOINC's code first where there is one, the hospital's own beside it."""
    own = coding(LOCAL, meant.code, meant.label)
    if meant.loinc is None:
        return concept(own)
    return concept(coding(Loinc.system, meant.loinc, meant.label), own)


def quantity(value: float, unit: str | None) -> Element:
    """A Quantity in UCUM."""
    told: Element = {"value": int(value) if value == int(value) else value}
    return told | ({"unit": unit, "system": UCUM, "code": unit} if unit else {})


def period(start: datetime | None, end: datetime | None) -> Element | None:
    """A Period; None where neither end is known."""
    told = {"start": start and iso(start), "end": end and iso(end)}
    return {name: moment for name, moment in told.items() if moment} or None
