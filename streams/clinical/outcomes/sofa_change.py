"""The change of SOFA (1996) from t0 to the end of a day.

Each of the two is the worst of the 24 hours up to its moment.
What was not seen is not healthy: the change is told as bounds, unless the rule takes
the unseen for normal, as mimic-code does; then the points that the facts establish
count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.hospital_stay import hospital_stay
from streams.clinical.outcomes.derived import Derived, Parts, missing, pending
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.sofa_day import day_at
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import death_on_record
from streams.vocabulary.clock import DAY
from streams.vocabulary.outcomes import SofaChange


WORST = 24
"""Six organs at their worst."""

_POLICY = SofaPolicy()


@dataclass(frozen=True, slots=True)
class _Score:
    """SOFA of one day, at least and at most."""

    lower: int
    upper: int
    evidence: tuple[str, ...]

    @property
    def value(self) -> float | None:
        return self.lower if self.lower == self.upper else None


def sofa_change(
    rule: SofaChange,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,
) -> Derived:
    """Points more (worse) or less (better) than at t0."""
    at = t0 + rule.day * DAY
    if now < at:
        return pending(at)
    dying = death_on_record(timeline, now)
    first = _score(timeline, rule, t0)
    if dying is not None and dying.latest < t0:
        return missing("died_before_t0", dying.evidence)
    if dying is not None and dying.earliest <= at:
        if rule.if_dead == "missing":
            told = missing("died_before_day", dying.evidence)
            return replace(told, determinable_from=at)
        return _change(first, _Score(WORST, WORST, dying.evidence), at)
    stay = hospital_stay(timeline, episode, now)
    if stay is not None and stay.left_at is not None and stay.left_at <= at - DAY:
        told = missing("left_before_day", stay.evidence)
        return replace(told, determinable_from=at)
    return _change(first, _score(timeline, rule, at), at)


def _score(timeline: Timeline, rule: SofaChange, at: datetime) -> _Score:
    day = day_at(timeline, _POLICY, at)
    evidence = tuple(e for c in day.components for e in c.evidence)
    if rule.unseen == "normal":
        return _Score(day.total, day.total, evidence)
    lower = sum(c.lower for c in day.components)
    return _Score(lower, sum(c.upper for c in day.components), evidence)


def _change(first: _Score, last: _Score, at: datetime) -> Derived:
    parts: Parts = (("baseline", first.value), ("day", last.value))
    told = Derived(
        status="final",
        determinable_from=at,
        evidence=tuple(dict.fromkeys((*first.evidence, *last.evidence))),
        parts=parts,
    )
    if first.value is None or last.value is None:
        return replace(
            told,
            status="missing",
            reason="sofa_not_determined",
            lower=last.lower - first.upper,
            upper=last.upper - first.lower,
        )
    return replace(told, value=last.value - first.value)
