"""Temperature over the first days, as features; no group is computed.

Bhavani SV et al., AJRCCM 2019: groups of temperature trajectories over the first 72
hours (hyperthermic slow and fast resolvers, normothermic, hypothermic).
The coefficients are not public, so a group comes from outside
(`markers/classifiers.csv`, `temperature_trajectory`) or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, pstdev
from typing import Literal

from streams.clinical.markers.readings import Reading, readings
from streams.clinical.scores.chart import back
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperaturePolicy:
    """What the features leave open."""

    within: timedelta = timedelta(hours=72)
    """How long from presentation (Bhavani 2019)."""

    least: int = 3
    """With fewer hours measured there are no features (Bhavani 2019)."""

    low: float = 32.0
    high: float = 44.0
    """Cel; outside, a reading is left out of the features, and counted (Bhavani 2019).
    30 Cel occurs in real patients: the count tells that it was there."""

    per_hour: Literal["first", "all"] = "first"
    """The first reading of each hour (Bhavani 2019), or all of them."""

    fever: float = 38.0
    cold: float = 36.0
    """Cel; from and up to where hours count as febrile or cold (ours)."""


DEFAULT = TemperaturePolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureCourse:
    """The course of one patient; numbers are None below the least count."""

    points: tuple[tuple[float, float], ...]
    """Hours since presentation and Cel, in order."""
    standardised: tuple[float, ...]
    """The same temperatures around the patient's own mean, in own deviations; () where
    they do not differ."""
    count: int
    left_out: int
    """Readings outside the plausible range, or censored."""
    first: float | None
    last: float | None
    highest: float | None
    lowest: float | None
    mean: float | None
    slope_per_day: float | None
    """Cel a day, by least squares; None where all were at one moment."""
    febrile: float | None
    cold: float | None
    """The part of the readings from `policy.fever` on, and up to `policy.cold`."""
    status: Literal["provisional", "confirmed"]
    final_at: datetime
    refused: str | None
    evidence: tuple[str, ...]


def temperature_course(
    timeline: Timeline,
    presented_at: datetime,
    at: datetime,
    policy: TemperaturePolicy = DEFAULT,
) -> TemperatureCourse:
    """The features of the first days, as far as `at`."""
    final = presented_at + policy.within
    found = readings(timeline, "temperature", back(presented_at), min(at, final))
    usable = [one for one in found if _usable(one, policy)]
    kept = usable if policy.per_hour == "all" else _hourly(usable, presented_at)
    points = tuple((_hours(one.at - presented_at), _cel(one)) for one in kept)
    enough = len(points) >= policy.least
    values = [cel for _, cel in points] if enough else []
    return TemperatureCourse(
        points=points,
        standardised=_standardised(values),
        count=len(points),
        left_out=len(found) - len(usable),
        first=values[0] if values else None,
        last=values[-1] if values else None,
        highest=max(values, default=None),
        lowest=min(values, default=None),
        mean=fmean(values) if values else None,
        slope_per_day=_slope(points) if enough else None,
        febrile=_part(values, [cel >= policy.fever for cel in values]),
        cold=_part(values, [cel <= policy.cold for cel in values]),
        status="confirmed" if at >= final else "provisional",
        final_at=final,
        refused=None if enough else f"{len(points)} of {policy.least} readings",
        evidence=tuple(one.event_id for one in kept),
    )


def _usable(one: Reading, policy: TemperaturePolicy) -> bool:
    known = one.range is not None and one.range.low == one.range.high
    return known and policy.low <= _cel(one) <= policy.high


def _cel(one: Reading) -> float:
    return 0.0 if one.range is None else one.range.low


def _hourly(found: Sequence[Reading], start: datetime) -> list[Reading]:
    """The first reading of each hour since presentation."""
    first: dict[int, Reading] = {}
    for one in found:
        first.setdefault((one.at - start) // HOUR, one)
    return list(first.values())


def _hours(length: timedelta) -> float:
    return length / HOUR


def _standardised(values: Sequence[float]) -> tuple[float, ...]:
    if len(values) < 2 or max(values) == min(values):
        return ()
    mean, deviation = fmean(values), pstdev(values)
    return tuple((value - mean) / deviation for value in values)


def _slope(points: Sequence[tuple[float, float]]) -> float | None:
    times = [hour / 24 for hour, _ in points]
    if max(times) == min(times):
        return None
    middle, mean = fmean(times), fmean(cel for _, cel in points)
    across = sum((t - middle) ** 2 for t in times)
    along = sum(
        (t - middle) * (cel - mean) for t, (_, cel) in zip(times, points, strict=True)
    )
    return along / across


def _part(values: Sequence[float], held: Sequence[bool]) -> float | None:
    return sum(held) / len(values) if values else None


SPEC = Specification(
    name="temperature_course",
    title="Temperature over the first 72 hours",
    version="2019",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Window, least count, range and hourly thinning as described; slope and the "
        "parts of time are ours, and the groups themselves are not public."
    ),
    rule=(
        "The first temperature of each hour of the first 72 hours, from 32 to 44 Cel; "
        "with at least 3: first, last, highest, lowest, mean, slope, the parts of "
        "readings that are febrile and cold, and the standardised course.  No group is "
        "assigned."
    ),
    sources=(
        "Bhavani SV et al., Am J Respir Crit Care Med 2019",
        "Bhavani SV et al., Intensive Care Med 2024",
    ),
    inputs=("measurement:temperature",),
    choices=(
        Choice(
            argument="within",
            default="72 h",
            readings="72 h: Bhavani 2019; the vital-sign groups of 2022 use 8 h.",
        ),
        Choice(argument="least", default="3", readings="3: Bhavani 2019."),
        Choice(
            argument="low",
            default="32",
            readings="32 to 44 Cel: Bhavani 2019; colder is real, and counted.",
        ),
        Choice(argument="high", default="44", readings="See `low`."),
        Choice(
            argument="per_hour",
            default="first",
            readings="`first` of each hour: Bhavani 2019; `all`.",
        ),
        Choice(argument="fever", default="38", readings="From 38 Cel: ours."),
        Choice(argument="cold", default="36", readings="Up to 36 Cel: ours."),
    ),
    traps=(
        "Standardised how is not published: here around the patient's own mean.",
        "A group is never made up: it comes from outside with its version.",
    ),
)
