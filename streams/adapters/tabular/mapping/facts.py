"""The facts a row may hold, as a mapping tells them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from streams.adapters.site.configuration import ConceptName, Text, Unit
from streams.adapters.tabular.mapping.phrases import (
    Coded,
    Condition,
    Known,
    Said,
    Times,
    Whole,
    _Phrase,
)


class Wide(_Phrase):
    """What one column of a wide table measures; without a concept it is kept unmapped."""

    concept: ConceptName | None = None
    unit: Unit | None = Field(default=None, description="What its numbers are in.")
    specimen: Text | None = None
    method: Text | None = None
    missing: tuple[Text, ...] = Field(
        default=(), description="Cells of this column alone that say nothing."
    )


class Shared(_Phrase):
    """What all facts of a row may say; what is left away is the table's."""

    when: tuple[Condition, ...] = Field(
        default=(), description="All of these must hold; else the row has no such fact."
    )
    at: Times | None = None
    known: Known | None = None
    id: Whole | None = None
    encounter: Said | None = None
    stay: Said | None = None
    issued: Times | None = None


class MeasurementFact(Shared):
    """A result: its code in one column, or one concept for all rows."""

    fact: Literal["measurement"]
    concept: ConceptName | None = None
    code: Coded | None = Field(
        default=None, description="Looked up in the codes; unmapped ones are kept."
    )
    value: Said
    comparator: Said | None = Field(
        default=None, description="What stands before the value, where apart: `<`."
    )
    unit: Said | None = None
    unit_of_all: Unit | None = Field(default=None, description="One unit for all.")
    specimen: Said | None = None
    specimen_id: Said | None = None
    status: Said | None = Field(
        default=None, description="Words for preliminary, final, corrected."
    )

    @model_validator(mode="after")
    def _meant(self) -> Self:
        if (self.concept is None) == (self.code is None):
            raise ValueError("a measurement has a concept or a code")
        return self


class EncounterFact(Shared):
    """A hospital stay: each of its times that is told is an event."""

    fact: Literal["encounter"]
    registered: Times | None = None
    admitted: Times | None = None
    discharged: Times | None = None
    encounter_class: Said | None = Field(
        default=None, description="Words for emergency, inpatient, outpatient, other."
    )
    disposition: Said | None = Field(
        default=None,
        description="Words for home, hospice, acute_hospital, facility, died, other.",
    )


class LocationFact(Shared):
    """A visit to a unit."""

    fact: Literal["location"]
    visit: Whole | None = Field(
        default=None,
        description="What names the stay in the unit, of several columns together; "
        "in place of `stay`.",
    )
    ward: Said
    level: Said | None = Field(
        default=None,
        description="Words for icu, intermediate, ward, emergency, theatre, other. "
        "Default: as the site's configuration has the ward.",
    )
    entered: Times | None = None
    left: Times | None = None


class DemographicsFact(Shared):
    """Sex and year of birth; never a date."""

    fact: Literal["demographics"]
    sex: Said | None = Field(
        default=None, description="Words for female, male and other."
    )
    birth: Times | None = Field(default=None, description="Its year alone is kept.")
    birth_year: Said | None = None
    age: Said | None = Field(default=None, description="In years, at the fact's time.")


class DeathFact(Shared):
    """The patient died at this time; without a time there is no such fact."""

    fact: Literal["death"]
    place: Said | None = Field(
        default=None, description="Words for hospital and elsewhere."
    )


class Drugs(Shared):
    """A fact about a drug."""

    drug: Said = Field(description="The drug's coded name.")
    code: Coded | None = Field(
        default=None, description="Its code, looked up among the codes of kind drug."
    )
    route: Said | None = None


class MedicationFact(Drugs):
    """A drug ordered, dispensed, given."""

    fact: Literal["medication"]
    stage: Said = Field(
        description="Words for ordered, stopped, dispensed, given, not_given, home."
    )
    order: Whole | None = None
    dose: Said | None = None
    unit: Said | None = None
    until: Times | None = Field(
        default=None, description="Of an order: when it ended, an event of its own."
    )


class InfusionFact(Drugs):
    """A continuous infusion: a row a change, or a row a stretch of one rate."""

    fact: Literal["infusion"]
    infusion: Whole = Field(description="What rows of one infusion have in common.")
    phase: Said | None = Field(
        default=None,
        description="Words for started, changed, stopped. Default: started.",
    )
    rate: Said
    unit: Said | None = None
    unit_of_all: Text | None = None
    weight: Said | None = Field(default=None, description="In kilograms.")
    until: Times | None = Field(
        default=None, description="When the stretch ended, an event of its own."
    )


class FluidFact(Shared):
    """A volume in or out."""

    fact: Literal["fluid"]
    coded: Coded | None = Field(
        default=None,
        description="Only rows whose code is of kind fluid; it names the substance.",
    )
    direction: Said | None = Field(
        default=None,
        description="Words for in and out. Default, of a code: out for urine, else in.",
    )
    substance: Said | None = Field(
        default=None,
        description="Words for urine, gu_irrigant, crystalloid, colloid, "
        "blood_product, other.",
    )
    volume: Said
    unit: Said | None = None
    unit_of_all: Unit | None = None
    started: Times | None = None
    code: Said | None = None


class CultureFact(Shared):
    """A specimen taken for culture."""

    fact: Literal["culture"]
    coded: Coded | None = Field(
        default=None,
        description="Only rows whose code is of kind culture; it may name the specimen.",
    )
    culture: Whole = Field(description="What all rows of one specimen have in common.")
    specimen: Said | None = None
    test: Said | None = None


class Susceptibilities(_Phrase):
    """The table of how organisms answered antimicrobials, a row each."""

    files: tuple[Text, ...]
    isolate: Whole = Field(description="What its rows and the result have in common.")
    antimicrobial: Said
    interpretation: Said | None = None
    mic: Said | None = None
    optional: bool = True


class CultureResultFact(Shared):
    """What grew, or that nothing did; it happened when the laboratory knew."""

    fact: Literal["culture_result"]
    coded: Coded | None = Field(
        default=None, description="Only rows whose code is of kind culture."
    )
    culture: Whole
    isolate: Whole | None = Field(
        default=None, description="What singles the organism out among all."
    )
    organism: Said
    organism_code: Said | None = None
    no_growth: tuple[Text, ...] = Field(
        default=(), description="Words in place of an organism: nothing grew."
    )
    not_told: tuple[Text, ...] = Field(
        default=(), description="Words in place of an organism: cancelled, pending."
    )
    status: Said | None = None
    test: Said | None = None
    susceptibilities: Susceptibilities | None = None


class SupportFact(Shared):
    """Support of breathing as charted."""

    fact: Literal["respiratory_support"]
    coded: Coded | None = Field(
        default=None,
        description="Only rows whose code is of kind support; it names the category.",
    )
    phase: Said | None = Field(
        default=None, description="Words for observed, started, stopped."
    )
    category: Said | None = Field(
        default=None,
        description="Words for invasive, niv, cpap, hfnc, tracheostomy, oxygen, none, "
        "other.",
    )
    device: Said | None = None
    mode: Said | None = None
    maker: Said | None = None
    until: Times | None = None


class ProcedureFact(Shared):
    """Something done; with `until` it has a start and an end."""

    fact: Literal["procedure"]
    procedure: Said = Field(
        description="Words for rrt, rrt_continuous, intubation, extubation, ecmo, "
        "surgery and the like; or its code, as sent."
    )
    code: Coded | None = None
    until: Times | None = None
    lasting: bool = Field(default=False, description="Whether it goes on for a time.")


class ConditionFact(Shared):
    """A diagnosis on record from this time."""

    fact: Literal["condition"]
    code: Said
    system: Said = Field(
        description="Words for icd9, icd10 and snomed; or a system's own name."
    )
    rank: Said | None = None
    present: Said | None = Field(default=None, description="Words for yes and no.")


class CodeStatusFact(Shared):
    """What was agreed about resuscitation."""

    fact: Literal["code_status"]
    status: Said = Field(
        description="Words for full, dnr, dni, dnr_dni, comfort_only, other."
    )


Fact = Annotated[
    MeasurementFact
    | EncounterFact
    | LocationFact
    | DemographicsFact
    | DeathFact
    | MedicationFact
    | InfusionFact
    | FluidFact
    | CultureFact
    | CultureResultFact
    | SupportFact
    | ProcedureFact
    | ConditionFact
    | CodeStatusFact,
    Field(discriminator="fact"),
]
"""One kind of fact in a row."""
