"""The resources Ember reads, each with the elements that may pass.

Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), resource definitions.
"""

from __future__ import annotations

from pydantic import Field

from streams.adapters.fhir.elements import (
    Coding,
    Concept,
    Element,
    Identifier,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
)
from streams.adapters.fhir.resource import Resource


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
    specimen: Reference | None = None
    component: tuple[Valued, ...] = ()
    has_member: tuple[Reference, ...] = ()
    derived_from: tuple[Reference, ...] = ()
    extension: tuple[Dilution, ...] = ()


class Collection(Element):
    """How a specimen was taken."""

    collected_date_time: str | None = None
    collected_period: Period | None = None
    body_site: Concept | None = None


class Specimen(Resource):
    """What was taken from the patient, and when."""

    identifier: tuple[Identifier, ...] = ()
    accession_identifier: Identifier | None = None
    status: str | None = None
    type: Concept | None = None
    subject: Reference | None = None
    collection: Collection | None = None


class DiagnosticReport(Resource):
    """A report: it may contain observations."""

    status: str | None = None
    subject: Reference | None = None


# -- what the patient has ------------------------------------------------------


class Condition(Resource):
    """A diagnosis or a problem."""

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

    verification_status: Concept | None = None
    code: Concept | None = None
    patient: Reference | None = None
    encounter: Reference | None = None
    onset_date_time: str | None = None
    recorded_date: str | None = None
    reaction: tuple[Reaction, ...] = ()
