"""Whether enough fluid was given: TRUE, FALSE, or nobody can say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Literal

from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.scores.values import latest
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import Fluid
from streams.vocabulary.truth import UNKNOWN, Truth3


@dataclass(frozen=True, slots=True, kw_only=True)
class FluidRule:
    """How much intravenous fluid is adequate, and within how long before."""

    operator: Literal[">", ">="]
    amount: float
    unit: Literal["mL/kg", "mL"]
    within: timedelta
    substances: frozenset[str] = frozenset({"crystalloid"})
    """What counts: `crystalloid`, `colloid`, `blood_product`."""

    def __str__(self) -> str:
        """In words: `>= 30 mL/kg in 24 h`."""
        hours = self.within.total_seconds() / 3600
        return f"{self.operator} {self.amount:g} {self.unit} in {hours:g} h"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resuscitation:
    """What was given in the time before one moment."""

    adequate: Truth3
    low_ml: float | None
    """What was certainly given; None where no intake is on record."""
    high_ml: float | None
    """The most it can be: volumes not said and those across an edge in full."""
    weight_kg: float | None
    evidence: tuple[str, ...]
    missing: tuple[str, ...]


@part
def resuscitation(timeline: Timeline, rule: FluidRule, at: datetime) -> Resuscitation:
    """The fluid charted in `(at - within, at]`, held against the rule.

    Intake is charted at its end; what ran across the window's opening counts for
    anything from nothing to all of it.
    Without any intake on record, or without the weight where the rule is per kg, the
    answer is UNKNOWN: nobody charts the fluid that was given in the ambulance.
    """
    given = _given(timeline, rule, at)
    weight = latest(timeline, "weight", ALWAYS, at) if rule.unit == "mL/kg" else None
    missing: tuple[str, ...] = () if given else ("fluid",)
    if rule.unit == "mL/kg" and weight is None:
        missing += ("weight",)
    low, high = _volume(given, at - rule.within)
    adequate = UNKNOWN
    if not missing:
        per = Interval(1, 1) if weight is None else weight.range
        adequate = compare(_per_kg(low, high, per), rule.operator, rule.amount)
    return Resuscitation(
        adequate=adequate,
        low_ml=low if given else None,
        high_ml=high if given else None,
        weight_kg=None if weight is None else weight.range.low,
        evidence=tuple(fact.event_id for fact in given)
        + (() if weight is None else (weight.event_id,)),
        missing=missing,
    )


def given_at(
    timeline: Timeline, rule: FluidRule, after: datetime, until: datetime
) -> list[datetime]:
    """The moments in `(after, until]` at which fluid that counts was charted."""
    return sorted(
        fact.happened_at
        for substance in rule.substances
        for fact in timeline.between(Fluid, f"fluid:{substance}", after, until)
        if fact.direction == "in"
    )


def _given(timeline: Timeline, rule: FluidRule, at: datetime) -> list[Fluid]:
    found = [
        fact
        for substance in sorted(rule.substances)
        for fact in timeline.between(Fluid, f"fluid:{substance}", at - rule.within, at)
        if fact.direction == "in"
    ]
    return sorted(found, key=lambda fact: (fact.happened_at, fact.event_id))


def _volume(given: Sequence[Fluid], opens: datetime) -> tuple[float, float]:
    """The least and the most of it that ran after `opens`."""
    low = high = 0.0
    for fact in given:
        high += inf if fact.volume_ml is None else fact.volume_ml
        across = fact.started_at is not None and fact.started_at < opens
        low += 0.0 if across else fact.volume_ml or 0.0
    return low, high


def _per_kg(low: float, high: float, weight: Interval) -> Interval:
    return Interval(low / max(weight.high, 1e-9), high / max(weight.low, 1e-9))
