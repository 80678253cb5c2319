"""A creatinine to hold today's against where none was measured before.

Back-calculation by the simplified MDRD equation at an eGFR of 75 mL/min/1.73 m²
(KDIGO 2012, after ADQI 2004), and the rule of mimic-code's `creatinine_baseline.sql`
(MIT): the lowest of the hospital stay where it is normal or the kidneys are known to be
ill, otherwise back-calculated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.age import age_at, sex_by
from streams.clinical.criteria.intervals import Interval
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Condition, Encounter


NORMAL = 1.1
"""mg/dL; the highest that mimic-code takes for normal."""

EGFR = 75.0
"""mL/min/1.73 m²."""

_ADULT = 18
_CHRONIC = {"icd-9-cm": "585", "icd-10-cm": "N18"}


@dataclass(frozen=True, slots=True)
class Baseline:
    """A creatinine in mg/dL, how it was come by, and the events behind it."""

    range: Interval
    basis: str
    """`lowest_7_days`, `lowest_of_admission` or `estimated`."""
    evidence: tuple[str, ...]
    provisional: bool = False
    """Whether a later value may still take its place."""


def mdrd_creatinine(age: float, sex: str) -> float:
    """The creatinine in mg/dL that gives an eGFR of 75; the factor for race left out."""
    rest = EGFR / 186.0 / age**-0.203
    return float((rest / 0.742 if sex == "female" else rest) ** (-1 / 1.154))


def estimated_baseline(timeline: Timeline, at: datetime) -> Baseline | None:
    """Back-calculated; None for children, and where age or sex is not known."""
    age, sex = age_at(timeline, at), sex_by(timeline, at)
    if age is None or sex is None or sex[0] == "other" or age[0].low < _ADULT:
        return None
    younger, older = (mdrd_creatinine(a, sex[0]) for a in (age[0].low, age[0].high))
    return Baseline(Interval(older, younger), "estimated", (age[1], sex[1]))


@dataclass(frozen=True, slots=True)
class Admission:
    """From coming to leaving; `left` is None while nothing says that it ended."""

    came: datetime
    left: datetime | None


def admission_of(
    timeline: Timeline, at: datetime, now: datetime | None, encounter: str | None
) -> Admission | None:
    """The hospital stay at `at`, as told by `now` (None: by everything on record).

    Without a name it is the last one begun by `at`.
    """
    said = [
        fact
        for fact in timeline.all(Encounter, "encounter")
        if encounter in {None, fact.encounter}
        and (now is None or fact.happened_at <= now)
    ]
    begun = [f for f in said if f.phase == "admitted" and f.happened_at <= at]
    if not begun:
        return None
    left = (
        fact.happened_at
        for fact in said
        if fact.phase == "discharged"
        and fact.happened_at >= begun[-1].happened_at
        and fact.encounter == begun[-1].encounter
    )
    return Admission(begun[-1].happened_at, next(left, None))


def admission_baseline(
    timeline: Timeline,
    at: datetime,
    lowest: Interval | None,
    evidence: tuple[str, ...],
    *,
    by: datetime,
    over: bool,
) -> Baseline | None:
    """By the lowest of the hospital stay so far: provisional until it is `over`.

    What is on record of chronic disease by `by` counts; the age is that at `at`.
    """
    chronic = _chronic(timeline, by)
    if lowest is not None and (lowest.high <= NORMAL or chronic):
        seen = evidence + chronic
        return Baseline(lowest, "lowest_of_admission", seen, not over)
    estimated = estimated_baseline(timeline, at)
    return estimated and replace(estimated, provisional=not over)


def _chronic(timeline: Timeline, at: datetime) -> tuple[str, ...]:
    """The last word on chronic kidney disease on record by `at`, where it says yes."""
    said = [
        fact
        for fact in timeline.all(Condition, "condition")
        if fact.happened_at <= at and _is_chronic(fact.code)
    ]
    return (said[-1].event_id,) if said and said[-1].present else ()


def _is_chronic(code: str) -> bool:
    system, _, value = code.partition("|")
    prefix = _CHRONIC.get(system.rpartition("/")[2])
    return prefix is not None and value.startswith(prefix)
