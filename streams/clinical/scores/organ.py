"""One organ in one hour: what was seen, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nextafter
from sys import float_info
from typing import Literal

from streams.clinical.scores.points import WORST, Bands, TwoColumns, points_of
from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.concepts import concepts
from streams.vocabulary.events import Measurement
from streams.vocabulary.units import canonical_unit


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


_DIGITS = 6
"""Decimals that a converted value keeps, so that 110 umol/L is 110 again."""


def reading(
    bands: Bands | TwoColumns, fact: Measurement, policy: SofaPolicy
) -> Reading:
    """What one measured value is worth; `fact.value` must be there."""
    factor: float | None = None
    if isinstance(bands, TwoColumns):
        si = _in_si(bands, fact, policy)
        factor = concepts()[fact.concept].substance_factor if si else None
        bands = bands.si if si else bands.conventional
    low, high = interval(fact, policy, factor)
    at_low = points_of(bands, low)
    at_high = at_low if high == low else points_of(bands, high)
    best, worst = min(at_low, at_high), max(at_low, at_high)
    return Reading(best, worst, (fact.event_id,))


def interval(
    fact: Measurement, policy: SofaPolicy, factor: float | None = None
) -> tuple[float, float]:
    """The values a result allows, both ends included; times `factor`, if one is given."""
    value = _times(0.0 if fact.value is None else fact.value, factor)
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
    upper = value if fact.upper is None else _times(fact.upper, factor)
    return (value, max(value, upper))


def _times(value: float, factor: float | None) -> float:
    return value if factor is None else round(value * factor, _DIGITS)


def _in_si(bands: TwoColumns, fact: Measurement, policy: SofaPolicy) -> bool:
    """Whether the second column counts for this result."""
    if policy.units != "as_sent":
        return policy.units == "si"
    return (
        fact.sent_unit is not None and canonical_unit(fact.sent_unit) == bands.si_unit
    )


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
