"""The types of resources that are read; any other is filed unread."""

from __future__ import annotations

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


RESOURCES: dict[str, type[Resource]] = {
    "Patient": Patient,
    "Encounter": Encounter,
    "Location": Location,
    "Observation": Observation,
    "Specimen": Specimen,
    "DiagnosticReport": DiagnosticReport,
    "Medication": Medication,
    "MedicationRequest": MedicationRequest,
    "MedicationAdministration": MedicationAdministration,
    "MedicationDispense": MedicationDispense,
    "MedicationStatement": MedicationStatement,
    "MedicationUsage": MedicationStatement,
    "Procedure": Procedure,
    "Device": Device,
    "DeviceUseStatement": DeviceUse,
    "DeviceUsage": DeviceUse,
    "Condition": Condition,
    "AllergyIntolerance": AllergyIntolerance,
}
"""By name."""
