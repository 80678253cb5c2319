"""SEP-1 septic shock: severe sepsis with much lactate, or pressure fluids did not mend.

From general knowledge (the reference document marks it so): unverified, and refused in
live protocols.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.clinical.criteria.intervals import compare
from streams.clinical.definitions.sep1 import (
    SEP1,
    Sep1Policy,
    SevereSepsis,
)
from streams.clinical.scores.chart import back
from streams.clinical.scores.values import Value, values
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Fluid
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


LACTATE = 4.0
"""mmol/L, at least."""

FLUID = 30.0
"""mL of crystalloid a kilogram."""

SYSTOLIC, MEAN = 90.0, 65.0
"""mmHg, less than."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """Whether severe sepsis was shock, and since when."""

    shock: Truth3
    by_lactate: Truth3
    by_pressure: Truth3
    """UNKNOWN without fluids, weight or pressures on record."""
    at: datetime | None
    status: Literal["provisional", "confirmed"]
    """`confirmed` where it is known whether it was shock, and time zero is final."""
    final_at: datetime | None
    """From then on time alone changes nothing; None while that cannot be said."""
    evidence: tuple[str, ...]


def septic_shock(
    timeline: Timeline,
    sepsis: SevereSepsis,
    *,
    policy: Sep1Policy = SEP1,
    now: datetime | None = None,
) -> Shock:
    """Judge one presentation by facts that have happened by `now`."""
    until = now or datetime.max.replace(tzinfo=ALWAYS.tzinfo)
    lactate, value = _initial_lactate(timeline, sepsis, policy, until)
    pressure, low = _after_fluids(timeline, sepsis, policy, until)
    signs = [value] if lactate is TRUE and value is not None else []
    signs += low if pressure is TRUE else []
    at = min((max(sepsis.zero, sign.at) for sign in signs), default=None)
    shock = any_of((lactate, pressure))
    final = max(sepsis.final_at, at or sepsis.zero)
    return Shock(
        shock=shock,
        by_lactate=lactate,
        by_pressure=pressure,
        at=at,
        status="confirmed"
        if shock is not UNKNOWN and until >= final
        else "provisional",
        final_at=None if shock is UNKNOWN else final,
        evidence=tuple(sign.event_id for sign in signs),
    )


def _initial_lactate(
    timeline: Timeline, sepsis: SevereSepsis, policy: Sep1Policy, until: datetime
) -> tuple[Truth3, Value | None]:
    first = back(sepsis.zero - policy.lactate_before)
    last = min(sepsis.zero + policy.lactate_after, until)
    told = values(timeline, "lactate", first, last)
    if not told:
        return UNKNOWN, None
    return compare(told[0].range, ">=", LACTATE), told[0]


def _after_fluids(
    timeline: Timeline, sepsis: SevereSepsis, policy: Sep1Policy, until: datetime
) -> tuple[Truth3, list[Value]]:
    """The pressures of the hour after the last of 30 mL/kg.

    Fluid and weight count until as long after time zero as the three signs may lie
    apart: what a later stay weighed and was given tells nothing of this one.
    """
    closes = min(sepsis.zero + policy.within, until)
    weights = values(timeline, "weight", ALWAYS, closes)
    if not weights:
        return UNKNOWN, []
    filled = _filled_at(timeline, sepsis, policy, weights[-1].range.low, closes)
    if filled is None:
        return UNKNOWN, []
    read = _readings(timeline, filled, min(filled + HOUR, until))
    persistent = _in_a_row(read, policy.low_readings)
    if persistent:
        return TRUE, persistent[-1:]
    moments = {value.at for value, _ in read}
    over = filled + HOUR <= until and len(moments) >= policy.low_readings
    return (FALSE if over else UNKNOWN), []


def _filled_at(
    timeline: Timeline,
    sepsis: SevereSepsis,
    policy: Sep1Policy,
    weight: float,
    until: datetime,
) -> datetime | None:
    """When so much crystalloid had gone in, from six hours before time zero on."""
    given = 0.0
    first = back(sepsis.zero - policy.within)
    for fact in timeline.between(Fluid, "fluid:crystalloid", first, until):
        given += fact.volume_ml or 0.0 if fact.direction == "in" else 0.0
        if given >= FLUID * weight:
            return fact.happened_at
    return None


_Reading = tuple[Value, bool]
"""A pressure, and whether it is certainly too low."""


def _readings(
    timeline: Timeline, after: datetime, until: datetime
) -> Sequence[_Reading]:
    told = [
        (value, compare(value.range, "<", limit) is TRUE)
        for concept, limit in (("sbp", SYSTOLIC), ("map", MEAN))
        for value in values(timeline, concept, after, until)
    ]
    return sorted(told, key=lambda reading: (reading[0].at, reading[0].event_id))


def _in_a_row(read: Sequence[_Reading], needed: int) -> list[Value]:
    """The first so many low moments in a row.

    At one moment a systolic and a mean pressure are one reading, low if either is.
    """
    low = {value.at for value, is_low in read if is_low}
    row: list[Value] = []
    for value, _ in read:
        row = [*row, value] if value.at in low else []
        if len({v.at for v in row}) >= needed:
            return row
    return []
