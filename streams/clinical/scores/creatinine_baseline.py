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


def admission_baseline(
    timeline: Timeline,
    at: datetime,
    lowest: Interval | None,
    evidence: tuple[str, ...],
    *,
    encounter: str | None,
) -> Baseline | None:
    """By the lowest of the hospital stay so far: provisional until discharge."""
    open_ended = not _discharged(timeline, at, encounter)
    chronic = _chronic(timeline, at)
    if lowest is not None and (lowest.high <= NORMAL or chronic):
        seen = evidence + chronic
        return Baseline(lowest, "lowest_of_admission", seen, open_ended)
    estimated = estimated_baseline(timeline, at)
    return estimated and replace(estimated, provisional=open_ended)


def admitted_at(
    timeline: Timeline, at: datetime, encounter: str | None
) -> datetime | None:
    """When the hospital stay began; without a name, the last begun by `at`."""
    said = [
        fact.happened_at
        for fact in timeline.all(Encounter, "encounter")
        if fact.phase == "admitted"
        and fact.happened_at <= at
        and encounter in {None, fact.encounter}
    ]
    return said[-1] if said else None


def _discharged(timeline: Timeline, at: datetime, encounter: str | None) -> bool:
    """Whether the stay (without a name: the last one) is over by `at`."""
    said = [
        fact.phase
        for fact in timeline.all(Encounter, "encounter")
        if fact.happened_at <= at and encounter in {None, fact.encounter}
    ]
    return bool(said) and said[-1] == "discharged"


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
