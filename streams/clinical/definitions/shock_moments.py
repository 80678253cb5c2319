"""The moments at which raised lactate and a running vasopressor belong together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.criteria.intervals import compare
from streams.clinical.definitions.pressors import Stretch, stretches
from streams.clinical.definitions.resuscitation import (
    Resuscitation,
    given_at,
    resuscitation,
)
from streams.clinical.definitions.septic_basis import Septic
from streams.clinical.definitions.shock_policies import ShockPolicy
from streams.clinical.markers.readings import Reading, readings
from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import DAY
from streams.vocabulary.truth import TRUE, UNKNOWN, Truth3, all_of, any_of


_LOW_PRESSURE = 65.0
"""mmHg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One such moment, with the verdict there."""

    at: datetime
    treatment: Stretch
    lactate: Reading
    high: Truth3
    pressure: Truth3
    pressures: tuple[str, ...]
    fluid: Resuscitation
    met: Truth3

    @property
    def order(self) -> tuple[datetime, datetime, str]:
        """By moment, then by lactate."""
        return (self.at, self.lactate.at, self.lactate.event_id)


def treatments_of(
    timeline: Timeline, policy: ShockPolicy, sepsis: Septic, now: datetime | None
) -> list[Stretch]:
    """What runs while it counts, from when it has lasted for long enough."""
    whole = stretches(timeline, policy.classes, now)
    lasted = [one.after(policy.lasting) for one in whole]
    return [
        one
        for one in lasted
        if one is not None and one.until > sepsis.opens and one.start <= sepsis.closes
    ]


def lactates_of(
    timeline: Timeline, policy: ShockPolicy, sepsis: Septic
) -> list[Reading]:
    """The lactates that can belong to the episode."""
    opens = back(sepsis.opens - policy.lactate_before)
    found = readings(
        timeline, "lactate", opens, sepsis.closes, implausible=policy.implausible
    )
    return [one for one in found if one.range is not None]


def moments_of(
    timeline: Timeline,
    policy: ShockPolicy,
    sepsis: Septic,
    treatments: Sequence[Stretch],
    lactates: Sequence[Reading],
) -> Iterator[Moment]:
    """Every moment at which the verdict may turn, with the verdict there."""
    for treatment in treatments:
        start = max(treatment.start, sepsis.opens)
        for lactate in lactates:
            first = max(start, lactate.at)
            if policy.onset == "not_before_sepsis":
                first = max(first, sepsis.at)
            if _belongs(policy, treatment, lactate, start):
                for at in _turns(timeline, policy, sepsis, treatment, lactate, first):
                    yield _moment(timeline, policy, treatment, lactate, at)


def _belongs(
    policy: ShockPolicy, treatment: Stretch, lactate: Reading, start: datetime
) -> bool:
    if start - lactate.at > policy.lactate_before:
        return False
    return treatment.end is None or lactate.at - treatment.end <= policy.lactate_after


def _turns(
    timeline: Timeline,
    policy: ShockPolicy,
    sepsis: Septic,
    treatment: Stretch,
    lactate: Reading,
    first: datetime,
) -> list[datetime]:
    """When both are there, and when fluid came while both still were."""
    if policy.fluid_is == "reported":
        return [first]
    last = min(treatment.until, sepsis.closes, _aged(policy, lactate))
    return [first, *(at for at in given_at(timeline, policy.fluid, first, last))]


def _aged(policy: ShockPolicy, lactate: Reading) -> datetime:
    return lactate.at + policy.lactate_before


def _moment(
    timeline: Timeline,
    policy: ShockPolicy,
    treatment: Stretch,
    lactate: Reading,
    at: datetime,
) -> Moment:
    high = is_high(policy, lactate)
    pressure, pressures = _needed(timeline, policy, at)
    fluid = resuscitation(timeline, policy.fluid, at)
    asked = (fluid.adequate,) if policy.fluid_is == "required" else ()
    return Moment(
        at=at,
        treatment=treatment,
        lactate=lactate,
        high=high,
        pressure=pressure,
        pressures=pressures,
        fluid=fluid,
        met=all_of((high, pressure, *asked)),
    )


def is_high(policy: ShockPolicy, lactate: Reading) -> Truth3:
    """Whether this lactate is raised; a censored one may not tell."""
    if lactate.range is None:
        return UNKNOWN
    return compare(lactate.range, policy.lactate_operator, policy.lactate)


def _needed(
    timeline: Timeline, policy: ShockPolicy, at: datetime
) -> tuple[Truth3, tuple[str, ...]]:
    """Whether the vasopressor was needed, and the pressures that say so."""
    if policy.pressure == "taken_for_granted":
        return TRUE, ()
    found = readings(
        timeline, "map", back(at - DAY), at, implausible=policy.implausible
    )
    said = [
        (compare(one.range, "<", _LOW_PRESSURE), one.event_id)
        for one in found
        if one.range is not None
    ]
    if not said:
        return UNKNOWN, ()
    truth = any_of(one for one, _ in said)
    return truth, tuple(name for one, name in said if one is TRUE)
