"""Sepsis-3: suspected infection with organ dysfunction around it.

Singer M et al., JAMA 2016;315:801-810: a rise of SOFA by 2 or more, consequent to the
infection; here from 48 hours before suspicion until 24 hours after (Seymour CW et al.,
JAMA 2016;315:762-774).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.window import Search
from streams.clinical.scores.sheet import Sheet
from streams.vocabulary.messages import Component


NO_ENCOUNTER = "none"
"""The episode's name where the source names no hospital stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sepsis3Episode:
    """The criteria are met, on facts that have happened."""

    encounter: str
    """The hospital stay; `none` where the source names none."""
    stay: str | None
    suspicion_at: datetime
    dysfunction_at: datetime
    onset_at: datetime
    """By the policy's convention; the other two moments stand beside it."""
    antimicrobial_at: datetime | None
    culture_at: datetime | None
    score: int
    lower: int
    upper: int
    """The least and the most the score can be, given what is missing."""
    baseline: int
    """The part of `score` that is old."""
    components: tuple[Component, ...]
    """The six organs over 24 hours."""
    evidence: tuple[str, ...]
    """Event ids: antimicrobial, culture, then what gave the points."""
    missing: tuple[str, ...]
    """Inputs never seen in the 24 hours."""
    window_closes_at: datetime
    """From then on no earlier dysfunction is to be waited for."""


@dataclass(frozen=True, slots=True)
class Sepsis3Result:
    """The episodes of one patient, and when time alone may change them."""

    episodes: tuple[Sepsis3Episode, ...]
    due: datetime | None


def episode(
    search: Search, sheet: Sheet, policy: Sepsis3Policy, *, stay: str | None
) -> Sepsis3Episode | None:
    """The episode a search has found; None where it has found nothing."""
    found, suspicion = search.found, search.suspicion
    if found is None:
        return None
    by_hour = policy.onset_at == "hour_end"
    day = sheet.day(found.row, None if by_hour else found.at)
    signs = list(suspicion.signs)
    signs += [event for c in day.components for event in c.evidence]
    return Sepsis3Episode(
        encounter=suspicion.encounter or NO_ENCOUNTER,
        stay=stay,
        suspicion_at=suspicion.suspected_at,
        dysfunction_at=found.at,
        onset_at=found.at,
        antimicrobial_at=suspicion.antimicrobial_at,
        culture_at=suspicion.culture_at,
        score=day.total,
        lower=sum(c.lower for c in day.components),
        upper=sum(c.upper for c in day.components),
        baseline=found.baseline,
        components=day.components,
        evidence=tuple(dict.fromkeys(signs)),
        missing=day.missing,
        window_closes_at=search.closes,
    )
