"""Rules about cultures: what was taken, what grew, what it answers to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streams.vocabulary.kinds.fitting import refuse
from streams.vocabulary.windows import Windowed, expect_window


class Culture(Windowed):
    """A culture of which the reports say so."""

    kind: Literal["culture"]
    result: Literal["positive", "negative", "pending", "any"] = "any"
    """What the reports say by now."""
    specimens: tuple[str, ...] = ()
    """Words of the specimen's name, in any case (`blood`); all, if none is named."""
    organisms: tuple[str, ...] = ()
    """Words of the organism's name, in any case (`staphylococcus aureus`)."""
    not_organisms: tuple[str, ...] = ()
    """Organisms that do not count."""
    contaminants: Literal["count", "ignore"] = "count"
    """What lives on the skin: counts, or is taken for no growth."""
    polymicrobial: bool | None = None
    """Whether more than one organism that counts grew in the specimen."""
    clock: Literal["collected", "resulted"] = "collected"
    """What the window is held against."""

    @model_validator(mode="after")
    def _fits(self) -> Culture:
        expect_window(self, "a culture")
        grew = self.organisms or self.not_organisms or self.polymicrobial is not None
        if grew and self.result != "positive":
            raise refuse("only a positive culture names organisms: `result: positive`")
        if self.result == "pending" and self.clock == "resulted":
            raise refuse("a pending culture has no result; use `clock: collected`")
        return self


class Susceptible(Windowed):
    """How an organism that grew answers an antimicrobial."""

    kind: Literal["susceptibility"]
    organisms: tuple[str, ...] = ()
    """Words of the organism's name, in any case; any, if none is named."""
    antimicrobial: str = Field(min_length=1)
    """A word of its name, in any case."""
    any_of: tuple[Literal["S", "I", "R"], ...] = Field(min_length=1)
    """Susceptible, intermediate, resistant."""

    @model_validator(mode="after")
    def _fits(self) -> Susceptible:
        expect_window(self, "a susceptibility")
        return self
