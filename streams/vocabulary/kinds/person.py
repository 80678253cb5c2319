"""Rules about the person: age, sex, pregnancy, allergies, diagnoses, goals of care."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streams.vocabulary.document import Recorded
from streams.vocabulary.kinds.fitting import expect_unit
from streams.vocabulary.quantities import ComparisonText, Duration
from streams.vocabulary.windows import Windowed


class Age(Recorded):
    """The age in years, as the source would give it today."""

    kind: Literal["age"]
    is_: ComparisonText = Field(alias="is")
    """In years (`>= 18 years`)."""

    @model_validator(mode="after")
    def _in_years(self) -> Age:
        expect_unit(self.is_, "a", "an age")
        return self


class Sex(Recorded):
    """The sex on record."""

    kind: Literal["sex"]
    is_: Literal["female", "male", "other"] = Field(alias="is")
    """As the record has it."""


class Pregnant(Recorded):
    """The last word about a pregnancy."""

    kind: Literal["pregnant"]
    within: Duration | None = None
    """How old the last word may be."""


class HasAllergy(Recorded):
    """An allergy or intolerance to one of these substances."""

    kind: Literal["allergy"]
    to: tuple[str, ...] = Field(min_length=1)
    """Words of the substance, in any case."""


class HasCodeStatus(Recorded):
    """The last word about resuscitation and the goals of care."""

    kind: Literal["code_status"]
    any_of: tuple[
        Literal["full", "dnr", "dni", "dnr_dni", "comfort_only", "other"], ...
    ] = Field(min_length=1)
    """The last word is one of these."""


class HasCondition(Windowed):
    """A diagnosis on record whose code starts so (`system|prefix`, dots ignored).

    With a window: put on record in it.
    """

    kind: Literal["condition"]
    codes: tuple[Annotated[str, Field(pattern=r"^\S+\|\S+$")], ...] = Field(
        min_length=1
    )
    """`system|prefix`, such as `http://hl7.org/fhir/sid/icd-10-cm|E27`."""
