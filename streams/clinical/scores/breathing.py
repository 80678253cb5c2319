"""Whether a patient breathes air or oxygen, by the last that was charted of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from streams.clinical.criteria.intervals import compare, interval
from streams.clinical.scores.bedside import Said, Window
from streams.clinical.scores.inspired import oxygen_percent
from streams.clinical.scores.latest import last_told
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Measurement, RespiratorySupport
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


ON_OXYGEN = frozenset({"oxygen", "hfnc", "invasive"})
"""Kinds of support that give oxygen; a mask under pressure or a tracheostomy may also
be run with air, which only a flow or a fraction can tell."""

_LANES = ("respiratory_support", "measurement:o2_flow", "measurement:fio2")

AIR = 21.0
"""Per cent of oxygen in air, as charted."""


def on_oxygen(timeline: Timeline, window: Window) -> Said:
    """TRUE, FALSE or UNKNOWN by the latest charting in the window, with its events.

    Of several at one moment any sign of oxygen decides.
    """

    def said(after: datetime, until: datetime) -> list[_Charting]:
        moment = Window(after, until)
        return [
            *_devices(timeline, moment),
            *_flows(timeline, moment),
            *_fractions(timeline, moment),
        ]

    last = last_told(timeline, _LANES, window.after, window.until, said)
    told = [(truth, event_id) for _, truth, event_id in last]
    if not told:
        return Said(UNKNOWN)
    truths = {truth for truth, _ in told}
    truth = next(t for t in (TRUE, FALSE, UNKNOWN) if t in truths)
    return Said(truth, tuple(sorted(event for said, event in told if said is truth)))


_Charting = tuple[datetime, Truth3, str]


def _devices(timeline: Timeline, window: Window) -> list[_Charting]:
    facts = timeline.between(
        RespiratorySupport, "respiratory_support", window.after, window.until
    )
    return [
        (fact.happened_at, _by_device(fact), fact.event_id)
        for fact in facts
        if fact.category is not None
    ]


def _by_device(fact: RespiratorySupport) -> Truth3:
    """Oxygen that stopped leaves air; what follows a ventilator is not said."""
    stopped = fact.phase == "stopped"
    if fact.category == "none" or (stopped and fact.category == "oxygen"):
        return FALSE
    return TRUE if fact.category in ON_OXYGEN and not stopped else UNKNOWN


def _flows(timeline: Timeline, window: Window) -> Iterator[_Charting]:
    for fact, value in _numbers(timeline, window, "o2_flow"):
        told = interval(value, fact.comparator, fact.upper)
        yield fact.happened_at, compare(told, ">", 0.0), fact.event_id


def _fractions(timeline: Timeline, window: Window) -> Iterator[_Charting]:
    """A number that can be no fraction of oxygen says nothing of it."""
    for fact, value in _numbers(timeline, window, "fio2"):
        percent = oxygen_percent(value)
        if percent is not None:
            upper = None if fact.upper is None else oxygen_percent(fact.upper)
            told = interval(percent, fact.comparator, upper)
            yield fact.happened_at, compare(told, ">", AIR), fact.event_id


def _numbers(
    timeline: Timeline, window: Window, concept: str
) -> Iterator[tuple[Measurement, float]]:
    lane = f"measurement:{concept}"
    for fact in timeline.between(Measurement, lane, window.after, window.until):
        if fact.value is not None:
            yield fact, fact.value
