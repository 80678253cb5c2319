"""Signs of renal replacement therapy: procedures, and charted modes of CRRT."""

from __future__ import annotations

from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.kdigo_policy import KdigoPolicy
from streams.vocabulary.events import Procedure
from streams.vocabulary.facts import Flag


RRT, MODE = "rrt", "crrt_mode"


def signs_of_rrt(
    chart: Chart, policy: KdigoPolicy, after: datetime, until: datetime
) -> dict[datetime, tuple[str, ...]]:
    """By moment in `(after, until]`: the events that show it.

    A charting whose mode is empty shows nothing.
    """
    found: dict[datetime, tuple[str, ...]] = {}
    for fact in chart.assessments(MODE, after, until):
        if chart.has_happened(fact) and (fact.text or fact.value is not None):
            found[fact.happened_at] = (
                *found.get(fact.happened_at, ()),
                fact.event_id,
            )
    if policy.rrt == "any":
        for done in procedures(chart, after, until):
            before = found.get(done.happened_at, ())
            found[done.happened_at] = (*before, done.event_id)
    return found


def procedures(chart: Chart, after: datetime, until: datetime) -> list[Procedure]:
    """Renal replacement that began, was done or ended in `(after, until]`."""
    lane = chart.timeline.between(Procedure, "procedure", after, until)
    return [
        f
        for f in chart.of_stay(lane)
        if f.name == RRT
        and chart.has_happened(f)
        and Flag.STOP_BEFORE_START not in f.flags
    ]


def running(chart: Chart, at: datetime) -> tuple[str, ...]:
    """Procedures begun by `at` of which nothing yet said that they ended."""
    last: dict[str, Procedure] = {}
    lane = chart.of_stay(chart.timeline.all(Procedure, "procedure"))
    for fact in lane:
        if fact.name == RRT and fact.happened_at <= at:
            last[fact.procedure_id] = fact
    return tuple(f.event_id for f in last.values() if f.phase == "started")
