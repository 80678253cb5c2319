"""Rules about treatment: infusions, drugs, breathing support, procedures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streams.vocabulary.drugs import drugs
from streams.vocabulary.kinds.fitting import (
    expect_drugs,
    expect_unit,
    ingredients,
    refuse,
)
from streams.vocabulary.quantities import ComparisonText, Duration
from streams.vocabulary.windows import Windowed, expect_shorter, expect_window


class OnInfusion(Windowed):
    """A continuous infusion of one of these drugs that runs with a rate above zero.

    With a window: ran at some time in it. Without one: runs now.
    """

    kind: Literal["infusion"]
    drugs: tuple[str, ...] = Field(min_length=1)
    """Names or classes of the drug table (`norepinephrine`, `vasopressor`)."""
    rate: ComparisonText | None = None
    """In the drug's own unit; any rate above zero, if none is named."""
    lasting: Duration | None = None
    """Has run without a longer gap than `gap` for at least this long, up to now."""
    gap: Duration = Field(default="15 min", validate_default=True)
    """A shorter pause breaks nothing that is `lasting`."""
    stale_after: Duration = Field(default="48 h", validate_default=True)
    """A start this old without any word since is no longer taken for running."""

    @model_validator(mode="after")
    def _fits(self) -> OnInfusion:
        expect_drugs(self.drugs)
        if self.has_window and self.lasting is not None:
            raise refuse("`lasting` looks back from now; leave `within` out")
        for name in sorted(ingredients(self.drugs)) if self.rate else ():
            expect_unit(self.rate, drugs()[name].unit, f"the rate of {name}")
        return self


class OnMedication(Windowed):
    """A drug ordered, given or taken at home."""

    kind: Literal["medication"]
    drugs: tuple[str, ...] = ()
    """Names or classes of the drug table."""
    named: tuple[str, ...] = ()
    """Words in the drug's name as the source wrote it, in any case."""
    antimicrobial: Literal[True] | None = None
    """Any systemic antimicrobial; a drug of which that is not known is UNKNOWN."""
    routes: tuple[str, ...] = ()
    """Routes that count, in any case; all, if none is named, and so does no route."""
    stages: tuple[Literal["ordered", "dispensed", "given", "home"], ...] = Field(
        default=("ordered", "given"), min_length=1
    )
    """What of it counts."""
    doses: ComparisonText | None = None
    """How many doses were given in the window (`>= 2 {dose}`)."""
    lasting: Duration | None = None
    """From the first to the last dose given in the window, at least."""

    @model_validator(mode="after")
    def _fits(self) -> OnMedication:
        expect_window(self, "a drug")
        expect_drugs(self.drugs)
        expect_unit(self.doses, "{dose}", "a number of doses")
        expect_shorter(self.lasting, self, "lasting")
        if not self.drugs and not self.named and self.antimicrobial is None:
            raise refuse("no drug is named; give `drugs`, `named` or `antimicrobial`")
        if self.doses is not None and self.lasting is not None:
            raise refuse("give `doses` or `lasting`; both at once say two things")
        if (self.doses or self.lasting) and self.stages != ("given",):
            raise refuse("only what is given has doses: `stages: [given]`")
        return self


class OnRespiratorySupport(Windowed):
    """A kind of breathing support charted in a window."""

    kind: Literal["respiratory_support"]
    any_of: tuple[
        Literal["invasive", "niv", "cpap", "hfnc", "tracheostomy", "oxygen"], ...
    ] = Field(min_length=1)
    """Kinds of support."""

    @model_validator(mode="after")
    def _fits(self) -> OnRespiratorySupport:
        expect_window(self, "breathing support")
        return self


class UnderProcedure(Windowed):
    """Something that was done, or is being done."""

    kind: Literal["procedure"]
    any_of: tuple[str, ...] = Field(min_length=1)
    """Names (`rrt`, `ecmo`, `cpr`, `surgery`), or words as sent, in any case."""
    running: bool = False
    """Begun and not ended: at some time in the window or, without one, now."""

    @model_validator(mode="after")
    def _fits(self) -> UnderProcedure:
        if not self.running:
            expect_window(self, "a procedure")
        return self
