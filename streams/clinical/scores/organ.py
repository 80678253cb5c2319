"""One organ in one hour: what was seen, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nextafter
from sys import float_info
from typing import Literal

from streams.clinical.scores.points import WORST, Bands, points_of
from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.events import Measurement


OrganName = Literal[
    "respiration", "coagulation", "liver", "cardiovascular", "cns", "renal"
]

ORGANS: tuple[OrganName, ...] = (
    "respiration",
    "coagulation",
    "liver",
    "cardiovascular",
    "cns",
    "renal",
)


@dataclass(frozen=True, slots=True)
class OrganHour:
    """What one hour's facts say of one organ."""

    values: tuple[float | None, ...] = ()
    """The raw inputs, in the order the organ's module states; () where none."""
    points: int | None = None
    """What the facts establish; None where there are none."""
    upper: int = 0
    """The most the facts seen allow (a censored value, a rate that cannot be said)."""
    evidence: tuple[str, ...] = ()
    """The events that gave the points."""
    seen: frozenset[str] = frozenset()
    """The names of the inputs that were there."""

    @property
    def lower(self) -> int:
        """The least the organ can be: what is established."""
        return self.points or 0


UNSEEN = OrganHour()
"""An hour without any fact about the organ."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One fact's worth: the points it establishes, the most it allows."""

    points: int
    upper: int
    evidence: tuple[str, ...]


def reading(bands: Bands, fact: Measurement, policy: SofaPolicy) -> Reading:
    """What one measured value is worth; `fact.value` must be there."""
    low, high = interval(fact, policy)
    at_low = points_of(bands, low)
    at_high = at_low if high == low else points_of(bands, high)
    best, worst = min(at_low, at_high), max(at_low, at_high)
    return Reading(best, worst, (fact.event_id,))


def interval(fact: Measurement, policy: SofaPolicy) -> tuple[float, float]:
    """The values a result allows, both ends included."""
    value = 0.0 if fact.value is None else fact.value
    if policy.censored == "bound":
        return (value, value)
    match fact.comparator:
        case "<":
            return (-inf, nextafter(value, -inf))
        case "<=":
            return (-inf, value)
        case ">":
            return (nextafter(value, inf), float_info.max)
        case ">=":
            return (value, float_info.max)
    return (value, value if fact.upper is None else max(value, fact.upper))


def organ_hour(
    readings: list[Reading],
    values: tuple[float | None, ...],
    seen: frozenset[str],
) -> OrganHour:
    """The worst of an hour's readings; the evidence is what gave those points."""
    points = max(r.points for r in readings)
    evidence = [e for r in readings if r.points == points for e in r.evidence]
    return OrganHour(
        values=values,
        points=points,
        upper=min(WORST, max(r.upper for r in readings)),
        evidence=tuple(dict.fromkeys(evidence)),
        seen=seen,
    )
