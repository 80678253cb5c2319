"""Rules about where the patient is and was."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from streams.vocabulary.document import Recorded
from streams.vocabulary.quantities import Duration


class InHospital(Recorded):
    """Whether the hospital stay of this episode has begun and not ended."""

    kind: Literal["in_hospital"]


class AtLocation(Recorded):
    """Where the patient is now."""

    kind: Literal["location"]
    any_of: tuple[
        Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"], ...
    ] = Field(min_length=1)
    """Levels of care."""


class Died(Recorded):
    """Whether a death is on record."""

    kind: Literal["died"]


class PriorStay(Recorded):
    """An in-patient stay before this one, that ended within so long before it began."""

    kind: Literal["prior_stay"]
    within: Duration
    """How long before this stay it may have ended."""
    facility: bool = False
    """A stay in another health-care facility counts too."""


class Transferred(Recorded):
    """Whether the patient came from another acute hospital, if the record says so."""

    kind: Literal["transferred"]
