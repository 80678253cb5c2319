"""How old the patient is, in months, as far as the record tells.

A record that guards privacy has a year of birth only, which leaves twelve months open;
an `age` charted at some moment grows from there.
A month is a twelfth of 365.25 days, as in the authors' derivation (`foundation.sql`,
CU-DBMI-Peds/phoenix_sepsis_criteria, commit f778a64).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import Observed
from streams.clinical.scores.values import latest
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Demographics


MONTH = DAY * 365.25 / 12


def age_at(
    timeline: Timeline, at: datetime, *, told_by: datetime | None = None
) -> Observed | None:
    """The age at `at`, by what was on record then or at `told_by`.

    A charted age goes before a year of birth, and the later word before the earlier.
    """
    until = at if told_by is None else told_by
    charted = latest(timeline, "age", ALWAYS, until)
    if charted is not None:
        since = months(at - charted.at)
        reach = charted.range
        grown = Interval(
            max(0.0, reach.low + since),
            max(0.0, reach.high + since),
            reach.low_open,
            reach.high_open,
        )
        return Observed(charted.at, grown, (charted.event_id,))
    known = [
        fact
        for fact in timeline.between(Demographics, "demographics", ALWAYS, until)
        if fact.birth_year is not None
    ]
    return _by_year(known[-1], at) if known else None


def months(span: timedelta) -> float:
    """A stretch of time in months."""
    return span / MONTH


def _by_year(known: Demographics, at: datetime) -> Observed:
    """Born on some day of that year; a stated age is one of whole years."""
    year = known.birth_year or at.year
    if known.age_precision == "stated":
        years = max(0, at.year - year)
        reach = Interval(12.0 * years, 12.0 * (years + 1), high_open=True)
        return Observed(known.happened_at, reach, (known.event_id,))
    eldest = datetime(year, 1, 1, tzinfo=UTC)
    youngest = datetime(year + 1, 1, 1, tzinfo=UTC)
    reach = Interval(max(0.0, months(at - youngest)), max(0.0, months(at - eldest)))
    return Observed(known.happened_at, reach, (known.event_id,))
