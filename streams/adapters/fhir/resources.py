"""The resources Ember reads, each with the elements that may pass.

Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), resource definitions.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from streams.adapters.fhir.elements import (
    CodeableReference,
    Coding,
    Concept,
    Element,
    Identifier,
    Meta,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
)


class Resource(Element):
    """What all resources have in common."""

    resource_type: str
    id: str | None = None
    meta: Meta | None = None
    contained: tuple[dict[str, Any], ...] = ()


# -- who and where -------------------------------------------------------------


class PatientLink(Element):
    """Another record of the same person."""

    other: Reference
    type: str | None = None


class Patient(Resource):
    """A person: sex, year of birth, death, and other records of the same person."""

    identifier: tuple[Identifier, ...] = ()
    gender: str | None = None
    birth_date: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    link: tuple[PatientLink, ...] = ()


class Hospitalization(Element):
    """How an admission ended (R5: `admission`)."""

    discharge_disposition: Concept | None = None


class EncounterLocation(Element):
    """Where the patient was, and when."""

    location: Reference
    status: str | None = None
    period: Period | None = None


class EncounterStatus(Element):
    """A status the encounter had before."""

    status: str | None = None
    period: Period | None = None


class Encounter(Resource):
    """A stay: in the hospital, or as part of one, in a unit."""

    identifier: tuple[Identifier, ...] = ()
    status: str | None = None
    class_: Coding | tuple[Concept, ...] | None = Field(default=None, alias="class")
    subject: Reference | None = None
    period: Period | None = None
    actual_period: Period | None = None
    part_of: Reference | None = None
    hospitalization: Hospitalization | None = None
    admission: Hospitalization | None = None
    location: tuple[EncounterLocation, ...] = ()
    status_history: tuple[EncounterStatus, ...] = ()


class Location(Resource):
    """A ward, or a place in one."""

    identifier: tuple[Identifier, ...] = ()
    name: str | None = None
    type: tuple[Concept, ...] = ()
    physical_type: Concept | None = None
    form: Concept | None = None
    part_of: Reference | None = None


# -- what was seen and measured ------------------------------------------------


class Valued(Element):
    """What an observation and each of its components may say."""

    code: Concept
    value_quantity: Quantity | None = None
    value_codeable_concept: Concept | None = None
    value_string: str | None = Field(default=None, repr=False)
    value_integer: int | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    data_absent_reason: Concept | None = None
    interpretation: tuple[Concept, ...] = ()


class Dilution(Element):
    """An extension that holds a quantity."""

    url: str = ""
    value_quantity: Quantity | None = None


class Observation(Resource, Valued):
    """A measurement, a finding, a panel, or a step of microbiology."""

    status: str | None = None
    category: tuple[Concept, ...] = ()
    subject: Reference | None = None
    encounter: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    body_site: Concept | None = None
    specimen: Reference | None = None
    component: tuple[Valued, ...] = ()
    has_member: tuple[Reference, ...] = ()
    derived_from: tuple[Reference, ...] = ()
    extension: tuple[Dilution, ...] = ()


class Collection(Element):
    """How a specimen was taken."""

    collected_date_time: str | None = None
    collected_period: Period | None = None


class Specimen(Resource):
    """What was taken from the patient, and when."""

    identifier: tuple[Identifier, ...] = ()
    accession_identifier: Identifier | None = None
    status: str | None = None
    type: Concept | None = None
    subject: Reference | None = None
    collection: Collection | None = None


class DiagnosticReport(Resource):
    """A report: it ties observations together, and may contain them."""

    status: str | None = None
    subject: Reference | None = None
    result: tuple[Reference, ...] = ()


# -- treatment -----------------------------------------------------------------


class Ingredient(Element):
    """What a medication is made of."""

    item: CodeableReference | None = None
    item_codeable_concept: Concept | None = None
    item_reference: Reference | None = None


class Medication(Resource):
    """A product, by its codes or by its ingredients."""

    code: Concept | None = None
    identifier: tuple[Identifier, ...] = ()
    ingredient: tuple[Ingredient, ...] = ()


class Repeat(Element):
    """The bounds of a schedule."""

    bounds_period: Period | None = None


class Timing(Element):
    """When doses are due."""

    event: tuple[str, ...] = ()
    repeat: Repeat | None = None


class DoseAndRate(Element):
    """How much, or how fast."""

    dose_quantity: Quantity | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None


class DosageInstruction(Element):
    """How a drug is to be given."""

    timing: Timing | None = None
    route: Concept | None = None
    dose_and_rate: tuple[DoseAndRate, ...] = ()


class Medicated(Resource):
    """What requests, dispenses, administrations and statements share."""

    status: str | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    context: Reference | None = None
    medication: CodeableReference | None = None
    medication_codeable_concept: Concept | None = None
    medication_reference: Reference | None = None


class DispenseRequest(Element):
    """From when until when an order holds."""

    validity_period: Period | None = None


class MedicationRequest(Medicated):
    """An order."""

    intent: str | None = None
    do_not_perform: bool = False
    authored_on: str | None = None
    status_changed: str | None = None
    dosage_instruction: tuple[DosageInstruction, ...] = ()
    dispense_request: DispenseRequest | None = None


class Dosage(Element):
    """How much was given, and how."""

    route: Concept | None = None
    dose: Quantity | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None


class MedicationAdministration(Medicated):
    """A dose or an infusion given; R5 spells `occurence` with one r."""

    effective_date_time: str | None = None
    effective_period: Period | None = None
    occurence_date_time: str | None = None
    occurence_period: Period | None = None
    request: Reference | None = None
    dosage: Dosage | None = None


class MedicationDispense(Medicated):
    """A drug handed out."""

    when_prepared: str | None = None
    when_handed_over: str | None = None
    recorded: str | None = None
    authorizing_prescription: tuple[Reference, ...] = ()
    dosage_instruction: tuple[DosageInstruction, ...] = ()


class MedicationStatement(Medicated):
    """What the patient is said to take."""

    effective_date_time: str | None = None
    effective_period: Period | None = None
    date_asserted: str | None = None
    dosage: tuple[DosageInstruction, ...] = ()


class Procedure(Resource):
    """Something done to the patient."""

    status: str | None = None
    code: Concept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    occurrence_date_time: str | None = None
    occurrence_period: Period | None = None


class Device(Resource):
    """A machine."""

    type: Concept | tuple[Concept, ...] | None = None


class DeviceUse(Resource):
    """A machine at work on a patient (R4 DeviceUseStatement, R5 DeviceUsage)."""

    status: str | None = None
    subject: Reference | None = None
    patient: Reference | None = None
    device: Reference | CodeableReference | None = None
    timing_period: Period | None = None
    timing_date_time: str | None = None


# -- what the patient has ------------------------------------------------------


class Condition(Resource):
    """A diagnosis or a problem."""

    clinical_status: Concept | None = None
    verification_status: Concept | None = None
    code: Concept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    onset_date_time: str | None = None
    recorded_date: str | None = None


class Reaction(Element):
    """How an allergy showed."""

    severity: str | None = None


class AllergyIntolerance(Resource):
    """An allergy, or that there is none."""

    clinical_status: Concept | None = None
    verification_status: Concept | None = None
    code: Concept | None = None
    patient: Reference | None = None
    encounter: Reference | None = None
    onset_date_time: str | None = None
    recorded_date: str | None = None
    criticality: str | None = None
    reaction: tuple[Reaction, ...] = ()


# -- what carries other resources ----------------------------------------------


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
"""By type; any other is filed unread."""
