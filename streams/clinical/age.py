"""The age at a moment, as an interval: a year of birth leaves two ages."""

from __future__ import annotations

from datetime import datetime

from streams.clinical.criteria.intervals import Interval
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Demographics


@part
def age_at(
    timeline: Timeline, moment: datetime, *, now: datetime | None = None
) -> tuple[Interval, str] | None:
    """Whole years at `moment` and the event that says so; None where nothing does.

    Of what happened by `now` (None: by `moment`) the last word with a year of birth
    counts.
    """
    by = moment if now is None else now
    said = [
        fact
        for fact in timeline.all(Demographics, "demographics")
        if fact.birth_year is not None and fact.happened_at <= by
    ]
    if not said:
        return None
    last = said[-1]
    years = float(moment.year - (last.birth_year or 0))
    least = years if last.age_precision == "stated" else years - 1
    return Interval(max(0.0, least), max(0.0, years)), last.event_id


@part
def sex_by(timeline: Timeline, now: datetime) -> tuple[str, str] | None:
    """The sex on record by `now` and the event that says so."""
    said = [
        (fact.sex, fact.event_id)
        for fact in timeline.all(Demographics, "demographics")
        if fact.sex is not None and fact.happened_at <= now
    ]
    return said[-1] if said else None
