"""Numbers of a timeline as intervals, and what bands make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf, nextafter

from streams.clinical.criteria.intervals import Interval, interval
from streams.clinical.scores.points import Band, Bands
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Assessment, Measurement
from streams.vocabulary.facts import Flag
from streams.vocabulary.messages import Component


@dataclass(frozen=True, slots=True)
class Value:
    """One number, in the concept's canonical unit; censored results are intervals."""

    at: datetime
    range: Interval
    event_id: str


def values(
    timeline: Timeline, concept: str, after: datetime, until: datetime
) -> Sequence[Value]:
    """Measurements and assessments with a number, `after < happened_at <= until`.

    What is flagged implausible is left out; order is `(happened_at, event_id)`.
    """
    measured = timeline.between(Measurement, f"measurement:{concept}", after, until)
    assessed = timeline.between(Assessment, f"assessment:{concept}", after, until)
    found = [
        Value(m.happened_at, interval(m.value, m.comparator, m.upper), m.event_id)
        for m in measured
        if m.value is not None and Flag.IMPLAUSIBLE not in m.flags
    ]
    found += [
        Value(a.happened_at, interval(a.value), a.event_id)
        for a in assessed
        if a.value is not None and Flag.IMPLAUSIBLE not in a.flags
    ]
    return sorted(found, key=lambda value: (value.at, value.event_id))


def latest(
    timeline: Timeline, concept: str, after: datetime, until: datetime
) -> Value | None:
    """The last of them; None where there is none."""
    found = values(timeline, concept, after, until)
    return found[-1] if found else None


def banded(name: str, value: Value, bands: Bands) -> Component:
    """What one value is worth: the points that all of its interval allows."""
    allowed = [band.points for band in bands if _meets(value.range, band)]
    return Component(
        name=name,
        points=min(allowed),
        lower=min(allowed),
        upper=max(allowed),
        evidence=(value.event_id,),
    )


def _meets(reach: Interval, band: Band) -> bool:
    """Whether some value of the interval lies in the band."""
    low = nextafter(reach.low, inf) if reach.low_open else reach.low
    high = nextafter(reach.high, -inf) if reach.high_open else reach.high
    inside = low <= band.low and band.high <= high
    return inside or band.holds(low) or band.holds(high)
