"""The criterion language: small enough to read aloud.

A rule is TRUE, FALSE or UNKNOWN of one patient at one moment.
What nobody recorded is UNKNOWN; only `absent_means: false` says otherwise, and it is
written where a reader of the protocol sees it.

Every window has its edges inside: `within: 24 h` holds a fact that is exactly 24 h
old.
`worst` is spelled `highest` or `lowest`: which of them is worse depends on the concept.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streams.vocabulary.concepts import concept, concepts
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.quantities import (
    Comparison,
    ComparisonText,
    Duration,
    protocol_fault,
)
from streams.vocabulary.units import UNITS


Anchor = Literal[
    "entry.known_at", "entry.happened_at", "onset.known_at", "onset.happened_at"
]
"""A moment with its clock; the onset may have happened 48 h before it was known."""

Named = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]

RuleT = TypeVar("RuleT", bound="Document")


class Document(BaseModel):
    """A part of the protocol document: frozen, and nothing in it goes unread."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_by_alias=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,  # an editor shows them beside the field
    )


class Recorded(Document):
    """A rule about what the record says."""

    absent_means: Literal[False] | None = None
    """`false`: what nobody recorded is not there. Otherwise it is UNKNOWN."""


class Value(Recorded):
    """A concept's values compared with a quantity."""

    kind: Literal["value"]
    concept: str
    is_: ComparisonText = Field(alias="is")
    which: Literal["latest", "first", "highest", "lowest", "any"] = "latest"
    within: Duration | None = None
    """How far back from now; it is the staleness of the latest value, too."""
    since: Anchor | None = None
    implausible: Literal["counts", "unknown"] = "counts"
    """What a value flagged as implausible does: the sickest have such values."""

    @model_validator(mode="after")
    def _fits(self) -> Value:
        if self.within is None and self.since is None:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                f"the window of {self.concept} is missing; give `within` or `since`",
            )
        if self.concept not in concepts():
            raise protocol_fault(
                ErrorCode.PROTOCOL_UNKNOWN_CONCEPT,
                f"there is no concept {self.concept!r} in the dictionary",
            )
        try:
            threshold(self.concept, self.is_)
        except InputError as fault:
            raise protocol_fault(
                ErrorCode.PROTOCOL_UNIT,
                f"{self.concept} cannot be compared with '{self.is_}': {fault.problem}",
            ) from None
        return self


class Age(Recorded):
    """The age in years, as the source would give it today."""

    kind: Literal["age"]
    is_: ComparisonText = Field(alias="is")

    @model_validator(mode="after")
    def _in_years(self) -> Age:
        return _expect_unit(self, self.is_, "a", "an age")


class Sex(Recorded):
    """The sex on record."""

    kind: Literal["sex"]
    is_: Literal["female", "male", "other"] = Field(alias="is")


class Pregnant(Recorded):
    """The last word about a pregnancy."""

    kind: Literal["pregnant"]
    within: Duration | None = None


class HasAllergy(Recorded):
    """An allergy or intolerance to one of these substances."""

    kind: Literal["allergy"]
    to: tuple[str, ...] = Field(min_length=1)


class HasCodeStatus(Recorded):
    """The last word about resuscitation and the goals of care."""

    kind: Literal["code_status"]
    any_of: tuple[
        Literal["full", "dnr", "dni", "dnr_dni", "comfort_only", "other"], ...
    ] = Field(min_length=1)


class HasCondition(Recorded):
    """A diagnosis on record whose code starts so (`system|prefix`, dots ignored)."""

    kind: Literal["condition"]
    codes: tuple[Annotated[str, Field(pattern=r"^\S+\|\S+$")], ...] = Field(
        min_length=1
    )


class InHospital(Recorded):
    """Whether the hospital stay of this episode has begun and not ended."""

    kind: Literal["in_hospital"]


class AtLocation(Recorded):
    """Where the patient is now."""

    kind: Literal["location"]
    any_of: tuple[
        Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"], ...
    ] = Field(min_length=1)


class Died(Recorded):
    """Whether a death is on record."""

    kind: Literal["died"]


class OnInfusion(Recorded):
    """A continuous infusion of one of these drugs that runs with a rate above zero."""

    kind: Literal["infusion"]
    drugs: tuple[str, ...] = Field(min_length=1)
    """Names or classes of the drug table (`norepinephrine`, `vasopressor`)."""
    rate: ComparisonText | None = None
    within: Duration | None = None
    """Ran at some time in this window; without it: runs now."""
    lasting: Duration | None = None
    """Has run without a longer gap than `gap` for at least this long, up to now."""
    gap: Duration = Field(default="15 min", validate_default=True)
    stale_after: Duration = Field(default="48 h", validate_default=True)
    """A start this old without any word since is no longer taken for running."""

    @model_validator(mode="after")
    def _fits(self) -> OnInfusion:
        _expect_drugs(self.drugs)
        if self.within is not None and self.lasting is not None:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                "`lasting` looks back from now; leave `within` out",
            )
        for name in _rated(self.drugs) if self.rate else ():
            _expect_unit(self, self.rate, drugs()[name].unit, f"the rate of {name}")
        return self


class OnMedication(Recorded):
    """A drug ordered, given or taken at home."""

    kind: Literal["medication"]
    drugs: tuple[str, ...] = ()
    """Names or classes of the drug table."""
    named: tuple[str, ...] = ()
    """Words in the drug's name as the source wrote it, in any case."""
    routes: tuple[str, ...] = ()
    """Routes that count, in any case; all, if none is named, and so does no route."""
    stages: tuple[Literal["ordered", "dispensed", "given", "home"], ...] = (
        "ordered",
        "given",
    )
    within: Duration

    @model_validator(mode="after")
    def _named(self) -> OnMedication:
        _expect_drugs(self.drugs)
        if not self.drugs and not self.named:
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID, "no drug is named; give `drugs` or `named`"
            )
        return self


class OnRespiratorySupport(Recorded):
    """A kind of breathing support charted in a window."""

    kind: Literal["respiratory_support"]
    any_of: tuple[
        Literal["invasive", "niv", "cpap", "hfnc", "tracheostomy", "oxygen"], ...
    ] = Field(min_length=1)
    within: Duration


class HasOnset(Recorded):
    """A sepsis flag of this episode stands; the anchoring one unless named."""

    kind: Literal["onset"]
    definition: str | None = None
    policy: str | None = None
    statuses: tuple[Literal["provisional", "confirmed", "amended"], ...] = (
        "provisional",
        "confirmed",
        "amended",
    )


class Enrolled(Recorded):
    """The patient takes part, or took part, in one of these trials."""

    kind: Literal["enrolled"]
    trials: tuple[str, ...] = Field(min_length=1)


class Confirm(Document):
    """What only a human can say."""

    kind: Literal["confirm"]
    name: Named
    question: str = Field(min_length=1)
    by: Literal["treating_clinician", "research_team", "patient"] = "treating_clinician"


class AllOf(Document):
    """Each of these."""

    kind: Literal["all"]
    of: tuple[Rule, ...] = Field(min_length=1)


class AnyOf(Document):
    """One of these, or more."""

    kind: Literal["any"]
    of: tuple[Rule, ...] = Field(min_length=1)


class AtLeast(Document):
    """So many of these, or more."""

    kind: Literal["at_least"]
    n: int = Field(ge=1)
    of: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _possible(self) -> AtLeast:
        if self.n > len(self.of):
            raise protocol_fault(
                ErrorCode.PROTOCOL_INVALID,
                f"at least {self.n} of {len(self.of)} can never be",
            )
        return self


class Not(Document):
    """Not this."""

    kind: Literal["not"]
    rule: Rule


Rule: TypeAlias = Annotated[
    Value
    | Age
    | Sex
    | Pregnant
    | HasAllergy
    | HasCodeStatus
    | HasCondition
    | InHospital
    | AtLocation
    | Died
    | OnInfusion
    | OnMedication
    | OnRespiratorySupport
    | HasOnset
    | Enrolled
    | Confirm
    | AllOf
    | AnyOf
    | AtLeast
    | Not,
    Field(discriminator="kind"),
]

for _compound in (AllOf, AnyOf, AtLeast, Not):
    _compound.model_rebuild()


@cache
def threshold(name: str, comparison: Comparison) -> float:
    """The compared number in the concept's unit.

    Raises `InputError` EMB-107 where the unit does not fit the concept.
    """
    return concept(name).in_canonical_unit(comparison.value, comparison.unit)


@cache
def ingredients(names: tuple[str, ...]) -> frozenset[str]:
    """The drugs that these names and classes stand for."""
    return frozenset(
        d.name for d in drugs().values() if d.name in names or d.drug_class in names
    )


def _rated(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(ingredients(names)))


def _expect_drugs(names: tuple[str, ...]) -> None:
    known = {d.name for d in drugs().values()} | {
        d.drug_class for d in drugs().values()
    }
    for name in names:
        if name not in known:
            raise protocol_fault(
                ErrorCode.PROTOCOL_UNKNOWN_CONCEPT,
                f"there is no drug or class {name!r} in the drug table",
            )


def _expect_unit(
    rule: RuleT, comparison: Comparison | None, unit: str, what: str
) -> RuleT:
    if comparison is None or comparison.unit == unit:
        return rule
    same = UNITS[comparison.unit].dimension == UNITS[unit].dimension
    fits = "; write it in that unit" if same else ""
    raise protocol_fault(
        ErrorCode.PROTOCOL_UNIT,
        f"'{comparison}' is not in {unit}, which is the unit of {what}{fits}",
    )
