"""Baselines of SOFA that are read from the hours before.

An hour in which nothing is known of any organ has no score, unless the policy of the
score takes what is missing for normal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.suspicion import Suspicion
from streams.clinical.hospital_stay import hospital_stay
from streams.clinical.scores.hours import hour_of
from streams.clinical.scores.sheet import DAY_ROWS, Points, Sheet
from streams.vocabulary.clock import DAY


_FOREVER = datetime.max.replace(tzinfo=UTC)
_UNNAMED = "none"
"""The hospital stay of facts that name none."""


def total(points: Points) -> int:
    """The points of all organs, of those of which anything is known."""
    return sum([p for p in points if p is not None])


def score_at_start(sheet: Sheet, first: int, row: int) -> int | None:
    """The first score from row `first` until before `row`; None where there is none."""
    for earlier in range(first, row):
        score = _score(sheet, earlier)
        if score is not None:
            return score
    return None


def least_of_day(sheet: Sheet, opens: int | None, row: int, points: Points) -> int:
    """The least of this row's score (`points`) and the 23 before, none before `opens`.

    An ICU stay's rows begin with its first heart rate.
    """
    first = row - DAY_ROWS + 1
    if opens is not None:
        first = max(first, opens)
    earlier = [_score(sheet, one) for one in range(_within(sheet, first), row)]
    return min([total(points), *(score for score in earlier if score is not None)])


def at_admission(
    sheet: Sheet, suspicion: Suspicion, policy: Sepsis3Policy, row: int
) -> int:
    """The score at admission of who was in hospital before the infection; else 0."""
    now = sheet.chart.now or _FOREVER
    stay = hospital_stay(sheet.chart.timeline, suspicion.encounter or _UNNAMED, now)
    if stay is None:
        return 0
    since = suspicion.suspected_at - stay.came_at
    if since <= policy.came_with_infection:
        return 0
    return _admission_score(sheet, policy, stay.came_at, row)


def _admission_score(
    sheet: Sheet, policy: Sepsis3Policy, came_at: datetime, row: int
) -> int:
    first = _within(sheet, hour_of(came_at))
    last = min(hour_of(came_at + DAY - timedelta.resolution), row - 1)
    if policy.admission_score == "first_score":
        return score_at_start(sheet, first, last + 1) or 0
    return total(sheet.points(last)) if last >= first else 0


def _within(sheet: Sheet, row: int) -> int:
    """This row, or the first that there is."""
    by_stay = sheet.chart.policy.hours == "icu_stay"
    return max(row, sheet.grid.start) if by_stay else row


def _score(sheet: Sheet, row: int) -> int | None:
    """The row's score; None where nothing is known."""
    points = sheet.points(row)
    known = any(p is not None for p in points)
    return total(points) if known or _unseen_is_normal(sheet) else None


def _unseen_is_normal(sheet: Sheet) -> bool:
    return sheet.chart.policy.missing == "normal"
