"""Body weight in kg at a moment: which charting counts when.

The spans are those of mimic-code's `weight_durations.sql` (MIT): each weight counts
from its charting to the next; the first admission weight from two hours before the ICU
stay, the last one until two hours after it, and before the first there is the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.age import age_at
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.scores.stays import UnitStay
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Measurement
from streams.vocabulary.facts import Flag


FUZZ = 2 * HOUR
HEAVIEST = 1500.0
"""kg; what is charted from here on is no weight to mimic-code."""
_ADULT = 18


@dataclass(frozen=True, slots=True)
class WeightSpan:
    """One weight from `start` to `end`; an open end is None."""

    start: datetime
    end: datetime | None
    kg: float
    event_id: str

    def holds_from(self, moment: datetime) -> bool:
        """Whether `start <= moment < end`."""
        return self.start <= moment and (self.end is None or moment < self.end)

    def holds_after(self, moment: datetime) -> bool:
        """Whether `start < moment <= end`."""
        return self.start < moment and (self.end is None or moment <= self.end)


def weight_spans(chart: Chart, stay: UnitStay) -> tuple[WeightSpan, ...]:
    """The weights charted in an ICU stay, to the gram, as spans that do not overlap.

    Of two weights charted at the very same time the second by event id counts; SQL
    leaves that open.
    """
    lane = chart.of_stay(chart.timeline.all(Measurement, "measurement:weight"))
    charted = [
        f
        for f in lane
        if f.value is not None
        and 0 < f.value < HEAVIEST
        and chart.counts(f.code)
        and chart.has_happened(f)
    ]
    admission = next((f for f in charted if f.method == "admission"), None)
    starts = sorted(
        (
            (stay.entered - FUZZ if f is admission else f.happened_at, f.event_id, f)
            for f in charted
        ),
        key=lambda found: found[:2],
    )
    ends = [start for start, _, _ in starts[1:]]
    last = None if stay.left is None else stay.left + FUZZ
    spans = [
        WeightSpan(start, end, _to_the_gram(f), f.event_id)
        for (start, _, f), end in zip(starts, [*ends, last], strict=False)
    ]
    if spans and stay.entered < spans[0].start:
        first = spans[0]
        before = stay.entered - FUZZ
        spans.insert(0, WeightSpan(before, first.start, first.kg, first.event_id))
    return tuple(spans)


def latest_weight(
    timeline: Timeline, moment: datetime, reach: timedelta
) -> Measurement | None:
    """The last weight charted by `moment`, at most `reach` ago.

    What is implausible counts in children only: the bounds are an adult's.
    """
    found = timeline.between(Measurement, "measurement:weight", moment - reach, moment)
    known = [f for f in found if f.value is not None and f.value > 0]
    plausible = [f for f in known if Flag.IMPLAUSIBLE not in f.flags]
    if len(plausible) < len(known) and _is_child(timeline, moment):
        plausible = known
    return plausible[-1] if plausible else None


def _to_the_gram(fact: Measurement) -> float:
    return round_half_up(round_half_up(fact.value or 0.0, 9), 3)


def _is_child(timeline: Timeline, moment: datetime) -> bool:
    age = age_at(timeline, moment)
    return age is not None and age[0].high < _ADULT
