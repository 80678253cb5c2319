"""The data types of FHIR, as far as Ember reads them.

Each model names the elements that may pass and ignores all others: names, addresses,
narratives, notes and free text are in none of them.
Names are FHIR's own in snake case; R5's stand beside R4's where they differ.
Source: HL7 FHIR R4 (4.0.1) and R5 (5.0.0), data types.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
"""A JSON number: text that looks like one is none."""


class Element(BaseModel):
    """What all elements have in common: what is not named here is not read."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel)


class Coding(Element):
    """One code of one system, with the system's own name for it."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(Element):
    """A CodeableConcept: one meaning in several systems; its `text` is left behind."""

    coding: tuple[Coding, ...] = ()


class Quantity(Element):
    """A number with its unit."""

    value: Number | None = None
    comparator: str | None = None
    unit: str | None = None
    system: str | None = None
    code: str | None = None


class Range(Element):
    """From low to high."""

    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Element):
    """A titre (1:40), or an amount per something."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Element):
    """From a moment to a moment; either may be open."""

    start: str | None = None
    end: str | None = None


class Identifier(Element):
    """A business identifier."""

    use: str | None = None
    type: Concept | None = None
    system: str | None = None
    value: str | None = Field(default=None, repr=False)


class Reference(Element):
    """What points to another resource: by address, or by identifier alone."""

    reference: str | None = Field(default=None, repr=False)
    type: str | None = None
    identifier: Identifier | None = None


class CodeableReference(Element):
    """R5: a meaning, or the resource that has it."""

    concept: Concept | None = None
    reference: Reference | None = None


class Meta(Element):
    """When this version was stored, and its number."""

    version_id: str | None = None
    last_updated: str | None = None
