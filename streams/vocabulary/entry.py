"""What opens a screening: a flag, an admission, a unit, a treatment, a culture.

An entry has two clocks: `entry.happened_at` is when it happened, `entry.known_at` when
the facts that make it were first known.  A patient is screened once in each hospital
stay and domain, from the first entry of that stay.

What cannot be said opens nothing: an infusion without a rate is no infusion above one,
and a culture that is still growing is not positive yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from streams.vocabulary.document import Document, Named
from streams.vocabulary.drugs import drugs
from streams.vocabulary.kinds.fitting import (
    expect_drugs,
    expect_unit,
    ingredients,
    refuse,
)
from streams.vocabulary.quantities import ComparisonText, Duration


class OnsetEntry(Document):
    """A flag of this definition by this policy; a withdrawn flag takes it back."""

    kind: Literal["onset"]
    definition: Named
    """As `ember definitions` names it; the worker flags it from then on."""
    policy: Named
    """One of its policies."""


class AdmissionEntry(Document):
    """The patient was admitted to hospital; a visit of an hour is no admission."""

    kind: Literal["admission"]


class UnitEntry(Document):
    """The patient came to a unit of one of these levels."""

    kind: Literal["unit"]
    any_of: tuple[
        Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"], ...
    ] = Field(min_length=1)
    """Levels of care."""


class InfusionEntry(Document):
    """A continuous infusion of one of these drugs ran with a rate above zero."""

    kind: Literal["infusion"]
    drugs: tuple[str, ...] = Field(min_length=1)
    """Names or classes of the drug table (`norepinephrine`, `vasopressor`)."""
    rate: ComparisonText | None = None
    """In the drug's own unit; a rate nobody can tell does not reach it."""

    @model_validator(mode="after")
    def _fits(self) -> InfusionEntry:
        expect_drugs(self.drugs)
        for name in sorted(ingredients(self.drugs)) if self.rate else ():
            expect_unit(self.rate, drugs()[name].unit, f"the rate of {name}")
        return self


class SupportEntry(Document):
    """Breathing support of one of these kinds was charted."""

    kind: Literal["respiratory_support"]
    any_of: tuple[
        Literal["invasive", "niv", "cpap", "hfnc", "tracheostomy", "oxygen"], ...
    ] = Field(min_length=1)
    """Kinds of support."""


class CultureEntry(Document):
    """A culture was reported positive; it happened when the specimen was taken."""

    kind: Literal["culture"]
    organisms: tuple[str, ...] = ()
    """Words of the organism's name, in any case; any organism, if none is named."""
    specimens: tuple[str, ...] = ()
    """Words of the specimen's name (`blood`), in any case; any, if none is named."""
    contaminants: Literal["count", "ignore"] = "count"
    """Whether a usual contaminant of the skin opens a screening."""


class MedicationEntry(Document):
    """A drug was ordered, given or found to be taken at home."""

    kind: Literal["medication"]
    drugs: tuple[str, ...] = ()
    """Names or classes of the drug table."""
    named: tuple[str, ...] = ()
    """Words in the drug's name as the source wrote it, in any case."""
    antimicrobial: Literal[True] | None = None
    """Any systemic antimicrobial."""
    stages: tuple[Literal["ordered", "dispensed", "given", "home"], ...] = (
        "ordered",
        "given",
    )
    """What of it counts."""
    routes: tuple[str, ...] = ()
    """Routes that count, in any case; all, if none is named, and so does no route."""

    @model_validator(mode="after")
    def _named(self) -> MedicationEntry:
        expect_drugs(self.drugs)
        if not (self.drugs or self.named or self.antimicrobial):
            raise refuse("no drug is named; give `drugs`, `named` or `antimicrobial`")
        return self


class FirstOf(Document):
    """Whichever of these comes first."""

    kind: Literal["first_of"]
    of: tuple[Entry, ...] = Field(min_length=2)
    """Entries."""


class AllWithin(Document):
    """Each of these, no further apart than `within`; it happened with the last."""

    kind: Literal["all_of"]
    of: tuple[Entry, ...] = Field(min_length=2)
    """Entries."""
    within: Duration
    """The longest time between the first and the last."""


Entry: TypeAlias = Annotated[
    OnsetEntry
    | AdmissionEntry
    | UnitEntry
    | InfusionEntry
    | SupportEntry
    | CultureEntry
    | MedicationEntry
    | FirstOf
    | AllWithin,
    Field(discriminator="kind"),
]

for _compound in (FirstOf, AllWithin):
    _compound.model_rebuild()


def parts(entry: Entry) -> Iterator[Entry]:
    """The entry and all that it is made of."""
    yield entry
    if isinstance(entry, FirstOf | AllWithin):
        for one in entry.of:
            yield from parts(one)


def onsets(entry: Entry) -> Iterator[OnsetEntry]:
    """The flags that it waits for."""
    for one in parts(entry):
        if isinstance(one, OnsetEntry):
            yield one
