"""Infusions and renal replacement as stretches.

An infusion charted with the rate 0 does not run; one whose rate cannot be said does.
What nobody stopped is taken for running for 48 hours, as criteria do; after that
nobody knows, until the stay ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from streams.clinical.outcomes.breathing import SILENCE
from streams.clinical.outcomes.places import Stays
from streams.clinical.outcomes.stretches import Stretch, cut, perhaps, sure
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import Drip, drips
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS, INSTANT
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Assessment, Procedure
from streams.vocabulary.facts import Flag


BELIEVED = 48 * HOUR
"""For how long a start without another word is taken for running (as criteria do)."""

RRT = frozenset({"rrt", "rrt_continuous", "rrt_intermittent"})
"""Names of renal replacement that was delivered; an order is none."""

_MODE = "crrt_mode"
_ANY_STAY = SofaPolicy()
"""Infusions are read patient-wide, as for SOFA."""


def infusions(
    timeline: Timeline, of_drugs: Iterable[str], stays: Stays, now: datetime
) -> list[Stretch]:
    """When any of these drugs ran."""
    chart = Chart(timeline, _ANY_STAY, now=now)
    return [
        _ran(drip, stays)
        for drug in sorted(of_drugs)
        for drip in drips(chart, drug)
        if drip.rate != 0
    ]


def renal_replacement(timeline: Timeline, stays: Stays, now: datetime) -> list[Stretch]:
    """When renal replacement was delivered, by procedures and by charted modes."""
    return [*_sessions(timeline, stays, now), *_modes(timeline, stays, now)]


def _ran(drip: Drip, stays: Stays) -> Stretch:
    if drip.end is not None:
        return sure(drip.start, drip.end, drip.evidence)
    return _unstopped(drip.start, drip.evidence, stays, BELIEVED)


def _unstopped(
    start: datetime, event_id: str, stays: Stays, believed: timedelta
) -> Stretch:
    end = stays.ends_after(start)
    certain = min(start + believed, end)
    return Stretch(
        start=start,
        sure_end=certain,
        latest_end=end,
        evidence=(event_id,),
        doubt="end_not_charted" if certain < end else None,
    )


def _sessions(timeline: Timeline, stays: Stays, now: datetime) -> Iterator[Stretch]:
    begun: dict[str, Procedure] = {}
    for fact in timeline.between(Procedure, "procedure", ALWAYS, now):
        if fact.name not in RRT or Flag.STOP_BEFORE_START in fact.flags:
            continue
        if fact.phase == "done":
            yield sure(fact.happened_at, fact.happened_at + INSTANT, fact.event_id)
        elif fact.phase == "started":
            begun.setdefault(fact.procedure_id, fact)
        elif (start := begun.pop(fact.procedure_id, None)) is not None:
            yield sure(
                start.happened_at, fact.happened_at, start.event_id, fact.event_id
            )
        else:
            yield sure(fact.happened_at - INSTANT, fact.happened_at, fact.event_id)
    for fact in begun.values():
        yield _unstopped(fact.happened_at, fact.event_id, stays, BELIEVED)


def _modes(timeline: Timeline, stays: Stays, now: datetime) -> Iterator[Stretch]:
    """A charted mode holds until the next charting, unless silence follows."""
    told = [
        fact
        for fact in timeline.between(Assessment, f"assessment:{_MODE}", ALWAYS, now)
        if fact.text or fact.value is not None
    ]
    for index, fact in enumerate(told):
        at = fact.happened_at
        following = told[index + 1].happened_at if index + 1 < len(told) else None
        if following is not None and following - at < SILENCE:
            yield sure(at, following, fact.event_id)
            continue
        yield sure(at, at + INSTANT, fact.event_id)
        silent = perhaps(at, at + SILENCE, "charting_fell_silent", fact.event_id)
        yield cut(silent, max(at + INSTANT, stays.ends_after(at)))
