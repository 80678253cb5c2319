"""Organs known to fail chronically: what a score of today must be held against.

Singer 2016 takes a baseline of 0 for patients "not known to have preexisting organ
dysfunction"; this is the table of what makes it known, by prefix of the diagnosis code
(dots left out).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from streams.clinical.scores.organ import ORGANS, OrganName
from streams.clinical.scores.points import WORST
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Clinical, Condition


@dataclass(frozen=True, slots=True)
class ChronicFailure:
    """One chronic disease and the organs it fails."""

    name: str
    organs: tuple[OrganName, ...]
    rule: Literal["whole", "least_seen"]
    """`whole`: all points of the organ are old.
    `least_seen`: as many are old as the organ had at its best in the days before."""
    icd10: tuple[str, ...]
    icd9: tuple[str, ...]


CHRONIC = (
    ChronicFailure(
        "end-stage renal disease",
        ("renal",),
        "whole",
        ("N186", "Z992"),
        ("5856", "V4511"),
    ),
    ChronicFailure(
        "cirrhosis of the liver",
        ("coagulation", "liver"),
        "least_seen",
        ("K703", "K7460", "K7469", "K743", "K744", "K745"),
        ("5712", "5715", "5716"),
    ),
    ChronicFailure(
        "chronic respiratory failure",
        ("respiration",),
        "least_seen",
        ("J961", "J962", "Z9911", "Z9981"),
        ("51883", "51884", "V4611", "V462"),
    ),
)

Baseline = tuple[int | None, ...]
"""By organ: old points; None: as many as the organ had at its best."""

HEALTHY: Baseline = (0,) * len(ORGANS)


def chronic_baseline(timeline: Timeline, now: datetime | None = None) -> Baseline:
    """What the conditions on record by `now` say; the last word on each counts."""
    old: list[int | None] = list(HEALTHY)
    for failure in CHRONIC:
        said = [
            fact
            for fact in timeline.all(Condition, "condition")
            if _names(failure, fact) and (now is None or fact.happened_at <= now)
        ]
        if said and said[-1].present:
            for organ in failure.organs:
                old[ORGANS.index(organ)] = WORST if failure.rule == "whole" else None
    return tuple(old)


def is_chronic(fact: Clinical) -> bool:
    """Whether this fact can change a baseline."""
    return isinstance(fact, Condition) and any(_names(f, fact) for f in CHRONIC)


def _names(failure: ChronicFailure, fact: Condition) -> bool:
    system, _, code = fact.code.partition("|")
    prefixes = failure.icd9 if system.endswith("icd-9-cm") else failure.icd10
    if not system.endswith(("icd-9-cm", "icd-10-cm")):
        return False
    return code.replace(".", "").startswith(prefixes)
