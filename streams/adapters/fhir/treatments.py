"""The resources of treatment, each with the elements that may pass.

Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), resource definitions.
"""

from __future__ import annotations

from streams.adapters.fhir.elements import (
    CodeableReference,
    Concept,
    Element,
    Identifier,
    Period,
    Quantity,
    Ratio,
    Reference,
)
from streams.adapters.fhir.resource import Resource


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
