"""The criterion language: small enough to read aloud.

A rule is TRUE, FALSE or UNKNOWN of one patient at one moment.
What nobody recorded is UNKNOWN; only `absent_means: false` says otherwise, and it is
written where a reader of the protocol sees it.

The kinds are in `streams.vocabulary.kinds`; here they become one language.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from streams.vocabulary.document import Document
from streams.vocabulary.kinds.enrichment import Marker, Phenotype
from streams.vocabulary.kinds.fitting import refuse
from streams.vocabulary.kinds.microbiology import Culture, Susceptible
from streams.vocabulary.kinds.person import (
    Age,
    HasAllergy,
    HasCodeStatus,
    HasCondition,
    Pregnant,
    Sex,
)
from streams.vocabulary.kinds.standing import (
    Confirm,
    Elapsed,
    Enrolled,
    HasOnset,
    Refused,
)
from streams.vocabulary.kinds.treatment import (
    OnInfusion,
    OnMedication,
    OnRespiratorySupport,
    UnderProcedure,
)
from streams.vocabulary.kinds.values import (
    FluidTotal,
    NorepinephrineEquivalent,
    Score,
    Trend,
    UrineOutput,
    Value,
)
from streams.vocabulary.kinds.whereabouts import (
    AtLocation,
    Died,
    InHospital,
    PriorStay,
    Transferred,
)


class AllOf(Document):
    """Each of these."""

    kind: Literal["all"]
    of: tuple[Rule, ...] = Field(min_length=1)
    """Rules."""


class AnyOf(Document):
    """One of these, or more."""

    kind: Literal["any"]
    of: tuple[Rule, ...] = Field(min_length=1)
    """Rules."""


class AtLeast(Document):
    """So many of these, or more."""

    kind: Literal["at_least"]
    n: int = Field(ge=1)
    """How many."""
    of: tuple[Rule, ...] = Field(min_length=1)
    """Rules."""

    @model_validator(mode="after")
    def _possible(self) -> AtLeast:
        if self.n > len(self.of):
            raise refuse(f"at least {self.n} of {len(self.of)} can never be")
        return self


class Not(Document):
    """Not this."""

    kind: Literal["not"]
    rule: Rule
    """A rule."""


Rule: TypeAlias = Annotated[
    Value
    | Trend
    | Score
    | NorepinephrineEquivalent
    | FluidTotal
    | UrineOutput
    | Phenotype
    | Marker
    | Culture
    | Susceptible
    | OnInfusion
    | OnMedication
    | OnRespiratorySupport
    | UnderProcedure
    | Age
    | Sex
    | Pregnant
    | HasAllergy
    | HasCodeStatus
    | HasCondition
    | InHospital
    | AtLocation
    | Died
    | PriorStay
    | Transferred
    | HasOnset
    | Elapsed
    | Enrolled
    | Refused
    | Confirm
    | AllOf
    | AnyOf
    | AtLeast
    | Not,
    Field(discriminator="kind"),
]

for _compound in (AllOf, AnyOf, AtLeast, Not):
    _compound.model_rebuild()
