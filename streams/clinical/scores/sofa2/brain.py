"""Brain: the Glasgow coma scale, its motor part, and drugs for delirium (c, d, e)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from math import inf

from streams.clinical.criteria.intervals import interval
from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.glasgow import totals
from streams.clinical.scores.hours import EPOCH
from streams.clinical.scores.latest import last_told
from streams.clinical.scores.points import Band, Bands
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.score import worst_of
from streams.clinical.scores.sofa2.infusions import FOREVER, Run, runs
from streams.clinical.scores.sofa2.policy import Sofa2Policy
from streams.clinical.scores.sofa2.window import (
    MOST,
    Organ,
    Window,
    certain,
    unseen,
)
from streams.clinical.scores.values import Value, banded
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Assessment, Medication
from streams.vocabulary.messages import Component


NAME = "brain"

GLASGOW: Bands = (
    Band(-inf, 6, 4),
    Band(6, 9, 3),
    Band(9, 13, 2),
    Band(13, 15, 1),
    Band(15, inf, 0),
)
"""Whole points, 3 to 15."""

MOTOR: Bands = (
    Band(-inf, 3, 4),
    Band(3, 4, 3),
    Band(4, 5, 2),
    Band(5, 6, 1),
    Band(6, inf, 0),
)
"""Obeys 6 (thumbs up, fist, peace sign), localises 5, withdraws 4, flexes 3, less."""

_LANES = tuple(f"assessment:gcs_{part}" for part in ("eye", "verbal", "motor", "total"))

_ASSUMED = Component(name=NAME, points=0, lower=0, upper=MOST)
"""Sedated, and nobody knows how the patient was before (c)."""


@dataclass(frozen=True, slots=True)
class _Charted:
    """What one charting is worth."""

    at: datetime
    component: Component


def brain(window: Window) -> Organ:
    """The worst scale that counts; treated delirium is 1 point at least."""
    parts = _scales(window, _sedation(window))
    treated = _treated_delirium(window)
    if not parts:
        return _without_a_scale(window, treated)
    worst = worst_of(NAME, parts, most=MOST)
    missing = ("gcs",) if _ASSUMED in parts else ()
    if not treated or worst.lower > 0:
        return Organ(worst, missing)
    if window.policy.delirium == "lifts_a_full_scale" and _ASSUMED in parts:
        return Organ(worst, missing)
    upper = max(1, worst.upper)
    return Organ(replace(certain(NAME, 1, *treated), upper=upper), missing)


def _without_a_scale(window: Window, treated: Sequence[str]) -> Organ:
    if treated and window.policy.delirium == "at_least_one":
        return Organ(replace(certain(NAME, 1, *treated), upper=MOST), ("gcs",))
    return unseen(NAME, "gcs")


def _scales(window: Window, sedation: Sequence[Run]) -> list[Component]:
    """What counts of the window's chartings, by the policy for the sedated."""
    policy = window.policy
    charted = list(_charted(window, window.after, window.end))
    if policy.sedated == "as_charted" or not sedation:
        return [one.component for one in charted]
    awake = [c.component for c in charted if not _under(sedation, c.at, policy)]
    asleep = [c for c in charted if _under(sedation, c.at, policy)]
    overlapping = [run for run in sedation if _reaches(run, window)]
    match policy.sedated:
        case "pre_sedation":
            return awake + [_before(window, run, sedation) for run in overlapping]
        case "discarded":
            return awake or ([_ASSUMED] if overlapping else [])
        case "assume_normal":
            return awake + [certain(NAME, 0, *c.component.evidence) for c in asleep]
        case "motor_only":
            return awake + [
                motor.component
                for motor in _motor(window.chart, window.after, window.end)
                if _under(sedation, motor.at, policy)
            ]
    return awake


def _before(window: Window, run: Run, sedation: Sequence[Run]) -> Component:
    """The last scale before this sedation that was not itself under sedation."""
    reach = window.policy.pre_sedation_reach
    since = EPOCH if reach is None else back(run.start - reach)

    def awake(after: datetime, until: datetime) -> list[_Charted]:
        return [
            one
            for one in _charted(window, after, until)
            if not _under(sedation, one.at, window.policy)
        ]

    last = last_told(window.timeline, _LANES, since, back(run.start), awake)
    if not last:
        return _ASSUMED
    return worst_of(NAME, [one.component for one in last], most=MOST)


def _charted(window: Window, after: datetime, until: datetime) -> Iterator[_Charted]:
    """Whole scales, and motor parts where the policy listens to them, by time."""
    timeline, policy = window.timeline, window.chart.policy
    always = window.policy.motor == "always"
    moments = {
        fact.happened_at
        for lane in _LANES
        for fact in timeline.between(Assessment, lane, after, until)
    }
    for at in sorted(moments):
        yield from _of_moment(timeline, at, policy, always)


@part
def _of_moment(
    timeline: Timeline, at: datetime, policy: SofaPolicy, always: bool
) -> list[_Charted]:
    """Whole scales first; `always`: the motor parts beside them too."""
    chart = Chart(timeline, policy)
    whole = [
        _Charted(total.at, _scored(total.at, total.low, total.evidence, GLASGOW))
        for total in totals(chart, back(at), at)
        if total.low == total.high
    ]
    return whole + (_motor(chart, back(at), at) if always or not whole else [])


def _motor(chart: Chart, after: datetime, until: datetime) -> list[_Charted]:
    """The motor parts; of several at one moment each."""
    return [
        _Charted(
            fact.happened_at,
            _scored(fact.happened_at, fact.value, (fact.event_id,), MOTOR),
        )
        for fact in chart.assessments("gcs_motor", after, until)
        if fact.value is not None
    ]


def _scored(
    at: datetime, value: float, evidence: tuple[str, ...], bands: Bands
) -> Component:
    worth = banded(NAME, Value(at, interval(value), ""), bands)
    return replace(worth, evidence=evidence)


def _sedation(window: Window) -> list[Run]:
    """Stretches with any sedative, the washout bridging what it covers."""
    policy = window.policy
    drugs = set(policy.sedatives)
    if policy.dexmedetomidine == "delirium":
        drugs.discard("dexmedetomidine")
    return runs(window, drugs, policy.washout)


def _over(run: Run, policy: Sofa2Policy) -> datetime:
    return run.end if run.end == FOREVER else run.end + policy.washout


def _under(sedation: Sequence[Run], at: datetime, policy: Sofa2Policy) -> bool:
    return any(run.start <= at <= _over(run, policy) for run in sedation)


def _reaches(run: Run, window: Window) -> bool:
    return run.start <= window.end and _over(run, window.policy) >= window.start


def _treated_delirium(window: Window) -> tuple[str, ...]:
    """The events that say so: doses given, infusions that ran."""
    policy = window.policy
    drugs = set(policy.delirium_drugs)
    if policy.dexmedetomidine == "sedation":
        drugs.discard("dexmedetomidine")
    given = window.timeline.sifted(
        Medication, "medication", _doses_of(frozenset(drugs)), window.after, window.end
    )
    doses = [fact.event_id for fact in given]
    infused = [
        run.pieces[0].evidence
        for run in runs(window, drugs)
        if run.start <= window.end and run.end >= window.start
    ]
    return tuple(doses + infused)


@cache
def _doses_of(drugs: frozenset[str]) -> Callable[[Medication], bool]:
    """A dose of one of them: one sieve for all who ask for the same drugs."""
    return lambda fact: fact.stage == "given" and fact.drug in drugs
