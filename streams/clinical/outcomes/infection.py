"""Secondary infection as an outcome: by day so many, in this hospital.

Death before an infection is the competing event and leaving the hospital ends what can
be seen: both are 0 with the reason beside it, so that an analysis can treat them apart.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from streams.clinical.course.secondary_infection import SecondaryCourse
from streams.clinical.course.secondary_infection import secondary_infection as course
from streams.clinical.course.secondary_policy import DEFAULT
from streams.clinical.outcomes.derived import Derived, missing, pending
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import death_on_record
from streams.vocabulary.clock import DAY
from streams.vocabulary.outcomes import SecondaryInfectionOutcome


_WHY_NOT = {"death": "died_first", "discharged": "left_first", "none": None}
"""What is said beside a 0, by what ended the course."""


def infected(
    rule: SecondaryInfectionOutcome,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,
) -> Derived:
    """1 where an infection came first; pending until the window ends."""
    end = t0 + rule.within * DAY
    if now < end:
        return pending(end)
    dying = death_on_record(timeline, now)
    if dying is not None and dying.latest < t0:
        return missing("died_before_t0", dying.evidence)
    policy = replace(DEFAULT, until=rule.within * DAY)
    found = course(timeline, t0, now, policy, encounter=episode)
    told = _told(found, end)
    if found.status == "confirmed":
        return told
    return replace(told, status="provisional", due=found.final_at)


def _told(found: SecondaryCourse, end: datetime) -> Derived:
    undecided = tuple(e for one in found.undecided for e in one.grown.evidence)
    if found.ending != "infection" and undecided:
        told = missing("growth_undecided", undecided)
        return replace(told, lower=0, upper=1, determinable_from=end)
    return Derived(
        status="final",
        value=float(found.ending == "infection"),
        determinable_from=max(end, found.final_at),
        reason=_WHY_NOT.get(found.ending),
        evidence=found.evidence,
        parts=(("infections", len(found.infections)), ("viral", len(found.viral))),
    )
