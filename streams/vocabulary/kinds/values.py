"""Rules about numbers: values, trends, scores, doses added up, rates of urine.

`worst` is spelled `highest` or `lowest`: which of them is worse depends on the concept.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streams.vocabulary.concepts import concept
from streams.vocabulary.document import Named, Recorded
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.kinds.fitting import (
    expect_comparable,
    expect_concept,
    expect_unit,
    refuse,
)
from streams.vocabulary.quantities import ComparisonText, Duration, protocol_fault
from streams.vocabulary.windows import (
    Anchor,
    Backward,
    Windowed,
    expect_shorter,
    expect_window,
)


class Value(Windowed):
    """A concept's values compared with a quantity."""

    kind: Literal["value"]
    concept: str
    """As `ember concepts` names it."""
    is_: ComparisonText = Field(alias="is")
    """A comparison in a unit of the concept's dimension (`> 2 mmol/L`)."""
    which: Literal["latest", "first", "highest", "lowest", "any"] = "latest"
    """Which reading of the window is compared."""
    implausible: Literal["counts", "unknown"] = "counts"
    """What a value flagged as implausible does: the sickest have such values."""
    specimens: tuple[str, ...] = ()
    """Words of the specimens that count, in any case; all, if none is named."""
    methods: tuple[str, ...] = ()
    """Words of the methods that count (`arterial_line`), in any case."""
    sustained: Duration | None = None
    """Every reading has compared so for at least this long: up to now, or (`which:
    any`) at some time in the window."""
    gap: Duration = Field(default="2 h", validate_default=True)
    """A longer time without a reading is not covered: nobody knows."""
    n: int | None = Field(default=None, ge=2)
    """So many readings that compare so, or more, each `apart` from the others."""
    apart: Duration | None = None
    """The least time between two of the `n` readings."""

    @model_validator(mode="after")
    def _fits(self) -> Value:
        expect_window(self, self.concept)
        expect_comparable(self.concept, self.is_)
        expect_shorter(self.sustained, self, "sustained")
        if self.sustained is not None and self.n is not None:
            raise refuse("give `sustained` or `n`; both at once say two things")
        if self.apart is not None and self.n is None:
            raise refuse("`apart` is between readings; say how many with `n`")
        counted = self.sustained is not None or self.n is not None
        if counted and self.which not in ("latest", "any"):
            raise refuse(f"`which: {self.which}` says nothing of several readings")
        if self.n is not None and self.apart is not None:
            expect_shorter((self.n - 1) * self.apart, self, "apart")
        return self


class Trend(Backward):
    """How far a concept's value has risen or fallen from one reading to a later one."""

    kind: Literal["trend"]
    concept: str
    """As `ember concepts` names it."""
    from_: Literal["highest", "lowest", "first", "latest"] = Field(alias="from")
    """Of the readings before `to`; `latest` is the one just before."""
    to: Literal["latest", "lowest", "highest"] = "latest"
    """The reading it is compared with."""
    change: ComparisonText
    """A share of the earlier value (`<= -50 %`), or a difference (`> 0.3 mg/dL`)."""

    @property
    def relative(self) -> bool:
        """Whether the change is a share of the earlier value."""
        return self.change.unit == "%"

    @model_validator(mode="after")
    def _fits(self) -> Trend:
        expect_concept(self.concept)
        expect_window(self, self.concept)
        if self.relative and concept(self.concept).unit == "%":
            raise protocol_fault(
                ErrorCode.PROTOCOL_UNIT,
                f"{self.concept} is itself in %, so that '{self.change}' may be a share "
                "of it or a difference; use `value`",
            )
        if not self.relative:
            expect_comparable(self.concept, self.change)
        if self.from_ == "latest" and self.to != "latest":
            raise refuse("`from: latest` is the reading before the last; `to` is that")
        if self.from_ == self.to and self.to != "latest":
            raise refuse(f"from the {self.to} to the {self.to} nothing changes")
        return self


class Score(Recorded):
    """A score of the catalogue at this moment, as an interval of what is not known."""

    kind: Literal["score"]
    score: Named
    """As the catalogue names it: `sofa`, `sofa2`, `news2`, `phoenix`, `oxygenation`."""
    policy: Named | None = None
    """One of its policies; its default unless named."""
    is_: ComparisonText = Field(alias="is")
    """In points (`>= 2 {score}`), or in the unit of what is named."""
    component: Named | None = None
    """One of its components alone."""
    change_since: Anchor | None = None
    """The difference to what it was at that moment."""


class NorepinephrineEquivalent(Windowed):
    """All vasopressors that run as one dose of norepinephrine."""

    kind: Literal["norepinephrine_equivalent"]
    is_: ComparisonText = Field(alias="is")
    """In ug/kg/min."""
    policy: Named | None = None
    """The table of equivalents; the catalogue's default unless named."""
    lasting: Duration | None = None
    """For at least this long, up to now."""
    gap: Duration = Field(default="15 min", validate_default=True)
    """A shorter time at another dose breaks nothing."""

    @model_validator(mode="after")
    def _fits(self) -> NorepinephrineEquivalent:
        expect_unit(self.is_, "ug/kg/min", "a dose of norepinephrine")
        if self.lasting is not None and self.has_window:
            raise refuse("`lasting` looks back from now; leave the window out")
        return self


class FluidTotal(Windowed):
    """What went in or came out in a window, added up."""

    kind: Literal["fluid"]
    direction: Literal["in", "out"]
    """Given or lost."""
    substances: tuple[
        Literal[
            "urine", "gu_irrigant", "crystalloid", "colloid", "blood_product", "other"
        ],
        ...,
    ] = ()
    """All, if none is named."""
    total: ComparisonText
    """In mL, or in mL/kg: then a body weight has to be known."""

    @property
    def by_weight(self) -> bool:
        """Whether it is compared by the kilogram."""
        return self.total.unit == "mL/kg"

    @model_validator(mode="after")
    def _fits(self) -> FluidTotal:
        expect_window(self, "a volume")
        if not self.by_weight:
            expect_unit(self.total, "mL", "a volume")
        return self


class UrineOutput(Recorded):
    """The rate of urine over the last hours."""

    kind: Literal["urine_output"]
    is_: ComparisonText = Field(alias="is")
    """In mL/kg/h."""
    lasting: Duration
    """The hours it is the mean of, up to now."""

    @model_validator(mode="after")
    def _fits(self) -> UrineOutput:
        expect_unit(self.is_, "mL/kg/h", "a rate of urine")
        return self
