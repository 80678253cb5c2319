"""Rules about what Ember itself knows: flags, anchors, trials, what humans said."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from streams.vocabulary.document import Document, Named, Recorded
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.kinds.fitting import refuse
from streams.vocabulary.quantities import ComparisonText, Duration, protocol_fault
from streams.vocabulary.units import UNITS
from streams.vocabulary.windows import Anchor, Windowed


class HasOnset(Windowed):
    """A sepsis flag of this episode stands; the anchoring one unless named."""

    kind: Literal["onset"]
    definition: str | None = None
    """As `ember definitions` names it; the anchoring flag, if none is named."""
    policy: str | None = None
    """Any policy of the definition, unless named."""
    statuses: tuple[Literal["provisional", "confirmed", "amended"], ...] = (
        "provisional",
        "confirmed",
        "amended",
    )
    """A withdrawn flag never stands."""
    clock: Literal["happened", "known"] = "happened"
    """What a window is held against."""


class Elapsed(Recorded):
    """How long it is since an anchor, or from one to another."""

    kind: Literal["elapsed"]
    since: Anchor
    """The moment it is counted from."""
    until: Anchor | None = None
    """Now, unless named."""
    is_: ComparisonText = Field(alias="is")
    """The time gone by (`<= 48 h`)."""

    @model_validator(mode="after")
    def _fits(self) -> Elapsed:
        if UNITS[self.is_.unit].dimension != "time":
            raise protocol_fault(
                ErrorCode.PROTOCOL_UNIT,
                f"'{self.is_}' is no length of time; write it as '<= 48 h'",
            )
        if self.until == self.since:
            raise refuse("from an anchor to itself nothing elapses")
        return self


class Enrolled(Recorded):
    """The patient takes part, or took part, in one of these trials."""

    kind: Literal["enrolled"]
    trials: tuple[str, ...] = Field(min_length=1)
    """Their ids."""
    domains: tuple[str, ...] = ()
    """All, if none is named."""
    within: Duration | None = None
    """How long ago the enrolment may be."""


class Refused(Recorded):
    """The patient, or who speaks for the patient, refused or opted out."""

    kind: Literal["refused"]
    trials: tuple[str, ...] = Field(min_length=1)
    """Their ids; who opted out of all research opted out of each."""
    within: Duration | None = None
    """How long ago the refusal may be."""


class Confirm(Document):
    """What only a human can say."""

    kind: Literal["confirm"]
    name: Named
    """Under which the answer is kept."""
    question: str = Field(min_length=1)
    """As the asked one reads it; yes makes the rule TRUE."""
    by: Literal[
        "treating_clinician", "research_team", "investigator", "patient", "laboratory"
    ] = "treating_clinician"
    """Who may answer."""
    holds_for: Duration | None = None
    """An older answer is no answer."""
