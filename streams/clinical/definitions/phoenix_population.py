"""Whom the Phoenix criteria are for: children, not newborns still in their first stay.

Excluded in the derivation, at the start of the encounter: the original birth
hospitalisation, less than 37 weeks from conception, eighteen years and more (EHR
implementation notes, CU-DBMI-Peds/phoenix, commit 1af8031).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.scores.phoenix.age import MONTH, age_at
from streams.clinical.scores.phoenix.points import GROWN
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.clinical.scores.values import latest
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Condition, Encounter
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


WEEK = 7 * DAY

LONGEST = 45.0
"""Weeks: no child is born later."""

Exclusion = Literal["age", "birth_stay", "postconceptional_age"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationPolicy:
    """What the exclusions leave open."""

    unknown: Literal["unknown", "assumed"] = "unknown"
    """An exclusion nothing is known of: open, or taken as absent (the package, which
    leaves all of them to its caller)."""

    newborn_codes: tuple[str, ...] = ("Z38", "V3")
    """Diagnoses of the birth record itself: liveborn infants by place of birth (ICD-10-CM
    Z38, ICD-9-CM V30 to V39); our reading, the notes name no code."""

    birth_stay_until: timedelta = 28 * DAY
    """A stay begun at a greater age is not the one of birth; ours: newborns are moved
    between hospitals before they first go home."""

    least_gestation: timedelta = 20 * WEEK
    """No living child was born before; by it an age alone can prove 37 weeks."""

    term: timedelta = 37 * WEEK
    """From conception (JAMA 2024: postconceptional; the notes: gestational age at the
    start of the encounter)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Whether the criteria are for this patient."""

    applies: Truth3
    excluded_for: tuple[Exclusion, ...]
    unknown: tuple[Exclusion, ...]
    evidence: tuple[str, ...]


def population(
    timeline: Timeline,
    encounter: str | None,
    began: datetime,
    now: datetime,
    *,
    policy: PopulationPolicy,
    score: PhoenixPolicy,
) -> Population:
    """The exclusions as they stood when the encounter `began`, by what is known `now`."""
    age = age_at(timeline, began, told_by=now)
    young = None if age is None else age.range
    said: dict[Exclusion, Truth3] = {
        "age": _grown(young, score),
        "birth_stay": _in_birth_stay(timeline, encounter, young, (began, now), policy),
        "postconceptional_age": _before_term(timeline, young, now, policy),
    }
    if policy.unknown == "assumed":
        said = {
            name: FALSE if truth is UNKNOWN else truth for name, truth in said.items()
        }
    return Population(
        applies=~any_of(said.values()),
        excluded_for=tuple(name for name, truth in said.items() if truth is TRUE),
        unknown=tuple(name for name, truth in said.items() if truth is UNKNOWN),
        evidence=() if age is None else age.evidence,
    )


def encounter_began(
    timeline: Timeline, encounter: str | None, suspected: datetime
) -> datetime:
    """When the patient was registered or admitted; without a word, at suspicion."""
    said = timeline.between(Encounter, "encounter", ALWAYS, suspected)
    came = [
        fact.happened_at
        for fact in said
        if fact.encounter == encounter and fact.phase in {"registered", "admitted"}
    ]
    return min(came, default=suspected)


def _grown(age: Interval | None, score: PhoenixPolicy) -> Truth3:
    if age is None:
        return UNKNOWN
    too_old = score.eighteenth_birthday == "too_old"
    return compare(age, ">=" if too_old else ">", GROWN)


def _in_birth_stay(
    timeline: Timeline,
    encounter: str | None,
    age: Interval | None,
    span: tuple[datetime, datetime],
    policy: PopulationPolicy,
) -> Truth3:
    """A newborn's code of this stay proves it; age, or having gone home, rules it out."""
    began, now = span
    for fact in timeline.between(Condition, "condition", ALWAYS, now):
        if fact.encounter == encounter and fact.present and _newborn(fact, policy):
            return TRUE
    if _went_home(timeline, began):
        return FALSE
    if age is None:
        return UNKNOWN
    older = compare(age, ">", policy.birth_stay_until / MONTH)
    return FALSE if older is TRUE else UNKNOWN


def _went_home(timeline: Timeline, by: datetime) -> bool:
    """Whether an earlier stay ended at home."""
    return any(
        fact.phase == "discharged" and fact.disposition == "home"
        for fact in timeline.between(Encounter, "encounter", ALWAYS, by)
    )


def _newborn(fact: Condition, policy: PopulationPolicy) -> bool:
    system, _, code = fact.code.partition("|")
    return system.endswith("-cm") and code.startswith(policy.newborn_codes)


def _before_term(
    timeline: Timeline,
    age: Interval | None,
    now: datetime,
    policy: PopulationPolicy,
) -> Truth3:
    if age is None:
        return UNKNOWN
    born = latest(timeline, "gestational_age", ALWAYS, now)
    shortest = policy.least_gestation / WEEK
    weeks = Interval(shortest, LONGEST) if born is None else born.range
    lived = MONTH / WEEK
    since = Interval(
        weeks.low + age.low * lived,
        weeks.high + age.high * lived,
        weeks.low_open or age.low_open,
        weeks.high_open or age.high_open,
    )
    return compare(since, "<", policy.term / WEEK)
