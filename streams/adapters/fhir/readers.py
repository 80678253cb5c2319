"""Which reader a resource goes to, and which statuses say that it never was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streams.adapters.fhir import (
    findings,
    lookups,
    medications,
    observations,
    observed,
    persons,
    procedures,
    reports,
    stays,
)
from streams.adapters.fhir.cultures import Cultures
from streams.adapters.fhir.resource import Resource
from streams.adapters.fhir.resources import (
    AllergyIntolerance,
    Condition,
    DiagnosticReport,
    Encounter,
    Location,
    Observation,
    Patient,
    Specimen,
)
from streams.adapters.fhir.telling import Telling
from streams.adapters.fhir.treatments import (
    Device,
    DeviceUse,
    Medication,
    MedicationAdministration,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Procedure,
)


SPOKEN_OF = frozenset(
    {"Patient", "Encounter", "Location", "Specimen", "Medication", "Device"}
)
"""What other resources wait for, as soon as it has come."""
NOBODYS = frozenset({"Location", "Specimen", "Medication", "Device"})
"""What tells nothing of a patient by itself."""
_WRONG = frozenset({"entered-in-error"})


def status_of(resource: Resource) -> str | None:
    """The status, where the type has one."""
    told = getattr(resource, "status", None)
    return told if isinstance(told, str) else None


def is_void(kind: str, resource: Resource) -> bool:
    """Whether this version says that the thing never was."""
    if isinstance(resource, Condition | AllergyIntolerance):
        return findings.is_void(resource.verification_status)
    if isinstance(resource, Observation):
        return status_of(resource) in observed.VOID
    if isinstance(resource, Encounter):
        return status_of(resource) in stays.VOID
    return status_of(resource) in medications.VOID.get(kind, _WRONG)


def read(telling: Telling, resource: Resource, cultures: Cultures) -> None:
    """Read one resource, whatever it is."""
    if isinstance(resource, Observation):
        observations.read(telling, resource, cultures)
        return
    reader = _READERS.get(type(resource))
    if reader is not None:
        reader(telling, resource)


_READERS: dict[type[Resource], Callable[[Telling, Any], None]] = {
    AllergyIntolerance: findings.read_allergy,
    Condition: findings.read_condition,
    Device: lookups.learn_device,
    DeviceUse: procedures.read_device_use,
    DiagnosticReport: reports.read,
    Encounter: stays.read_encounter,
    Location: stays.learn_location,
    Medication: lookups.learn_medication,
    MedicationAdministration: medications.read_administration,
    MedicationDispense: medications.read_dispense,
    MedicationRequest: medications.read_request,
    MedicationStatement: medications.read_statement,
    Patient: persons.read,
    Procedure: procedures.read_procedure,
    Specimen: lookups.learn_specimen,
}
