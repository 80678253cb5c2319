"""SIRS of the first day of each ICU stay, as mimic-code's `sirs.sql` tells it.

The worst of 6 hours before to 24 hours after entering the unit, both ends included:
what was charted by stay, laboratory values by patient, whatever stay they belong to
(`first_day_vitalsign.sql`, `first_day_lab.sql`, `first_day_bg_art.sql`; MIT,
github.com/MIT-LCP/mimic-code, commit 8bcbd190).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.scores.bedside import Window
from streams.clinical.scores.chart import back
from streams.clinical.scores.score import Score
from streams.clinical.scores.sirs import MIMIC_SIRS, SirsPolicy, sirs_of
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import DAY, HOUR


BEFORE = 6 * HOUR
"""How long before entering a value already belongs to the first day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstDay:
    """One ICU stay and its first day's score.

    The components are temperature, heart rate, respiration, white cells; one of which
    nothing was seen has no points, and counts as 0 in the total.
    """

    stay: UnitStay
    score: Score


def first_day_sirs(
    timeline: Timeline,
    *,
    policy: SirsPolicy = MIMIC_SIRS,
    now: datetime | None = None,
) -> tuple[FirstDay, ...]:
    """Every ICU stay's, by time of entering; of what has happened by `now`."""
    return tuple(
        FirstDay(stay=stay, score=_score(timeline, stay, policy, now))
        for stay in unit_stays(timeline, now)
    )


def _score(
    timeline: Timeline, stay: UnitStay, policy: SirsPolicy, now: datetime | None
) -> Score:
    opens, closes = back(stay.entered - BEFORE), stay.entered + DAY
    closes = closes if now is None else min(closes, now)
    charted = Window(opens, closes, stay.stay)
    return sirs_of(timeline, closes, charted, Window(opens, closes), policy=policy)
