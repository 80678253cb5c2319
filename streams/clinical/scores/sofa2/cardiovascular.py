"""Heart and vessels: vasoactive infusions, mean pressure, devices (i to n)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf
from operator import itemgetter

from streams.clinical.scores.chart import back
from streams.clinical.scores.drips import Drip
from streams.clinical.scores.hours import EPOCH
from streams.clinical.scores.points import Band, BandAbove, Bands, points_of
from streams.clinical.scores.pressure import PressurePolicy, mean_pressures
from streams.clinical.scores.score import worst_of
from streams.clinical.scores.sofa2.infusions import ends, runs
from streams.clinical.scores.sofa2.policy import Sofa2Policy
from streams.clinical.scores.sofa2.window import MOST, Organ, Window, certain, unseen
from streams.clinical.scores.values import Value, banded
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import HOUR
from streams.vocabulary.drugs import drugs_of_class
from streams.vocabulary.messages import Component


NAME = "cardiovascular"

PRESSURE: Bands = (Band(-inf, 70, 1), Band(70, inf, 0))
"""mmHg, without any vasoactive drug."""

PRESSURE_ALONE: Bands = (
    Band(-inf, 40, 4),
    Band(40, 50, 3),
    Band(50, 60, 2),
    Band(60, 70, 1),
    Band(70, inf, 0),
)
"""mmHg, where drugs are not to be had or not to be given (m)."""

NOREPINEPHRINE_EPINEPHRINE: Bands = (
    BandAbove(-inf, 0.2, 2),
    BandAbove(0.2, 0.4, 3),
    BandAbove(0.4, inf, 4),
)
"""The sum of both, ug/kg/min of base, where either runs."""

DOPAMINE: Bands = (
    BandAbove(-inf, 20, 2),
    BandAbove(20, 40, 3),
    BandAbove(40, inf, 4),
)
"""ug/kg/min, as the sole drug (l)."""

ANY_OTHER = 2
"""Any dose of another vasopressor or inotrope."""

OF_THE_BASE = {
    "base": 1.0,
    "bitartrate_monohydrate": 2.0,
    "bitartrate_anhydrous": 1.89,
    "hydrochloride": 1.22,
}
"""Milligrams of the salt that are one of norepinephrine base (k)."""

CATECHOLAMINES = ("norepinephrine", "epinephrine")

_DIGITS = 9

_BLOCK = 4 * HOUR
"""Pressures are kept by so many hours: a day is some blocks, not a hundred values."""


@dataclass(frozen=True, slots=True)
class _Running:
    """What runs at once: the highest rate of each drug, None where it is not said."""

    rates: dict[str, float | None]
    evidence: tuple[str, ...]


def cardiovascular(window: Window) -> Organ:
    """Devices, then drugs; the mean pressure where no drug counts."""
    policy = window.policy
    devices = window.running(policy.mechanical)
    if devices:
        return Organ(certain(NAME, MOST, *(device.evidence for device in devices)))
    drugs = [_worth(running, policy) for running in _combinations(window)]
    alone = _by_pressure_alone(window)
    pressures = [] if drugs and not alone else _pressures(window, alone=alone)
    organ = _worst(drugs + pressures, lacking=alone or not drugs, found=bool(pressures))
    if window.running(policy.ecmo_unsaid):
        return replace(organ, component=replace(organ.component, upper=MOST))
    return organ


def _worst(parts: list[Component], *, lacking: bool, found: bool) -> Organ:
    if not parts:
        return unseen(NAME, "map")
    worst = worst_of(NAME, parts, most=MOST)
    if lacking and not found:
        return Organ(replace(worst, upper=MOST), ("map",))
    return Organ(worst)


def _by_pressure_alone(window: Window) -> bool:
    policy = window.policy
    unavailable = policy.vasoactives == "unavailable"
    return unavailable or window.has_ceiling(policy.vasoactive_ceiling)


def _pressures(window: Window, *, alone: bool) -> list[Component]:
    first, last = ((at - EPOCH) // _BLOCK for at in (window.start, window.end))
    told = [
        one
        for block in range(first, last + 1)
        for one in _of_block(window.timeline, block, alone, window.policy.pressure)
    ]
    begins = bisect_left(told, window.start, key=itemgetter(0))
    ends = bisect_right(told, window.end, key=itemgetter(0))
    return [component for _, component in told[begins:ends]]


@part
def _of_block(
    timeline: Timeline, block: int, alone: bool, policy: PressurePolicy
) -> list[tuple[datetime, Component]]:
    """What each mean of some hours is worth, by time: a new one is read with these."""
    begins = EPOCH + block * _BLOCK
    means = mean_pressures(timeline, back(begins), back(begins + _BLOCK), policy=policy)
    bands = PRESSURE_ALONE if alone else PRESSURE
    return [
        (
            m.at,
            replace(banded(NAME, Value(m.at, m.range, ""), bands), evidence=m.evidence),
        )
        for m in means
    ]


# -- drugs ---------------------------------------------------------------------


def vasoactives() -> frozenset[str]:
    """Every vasopressor and inotrope of the dictionary."""
    return drugs_of_class("vasopressor") | drugs_of_class("inotrope")


def _combinations(window: Window) -> list[_Running]:
    """What ran together at each moment something began."""
    pieces = _counting(window)
    moments = sorted({max(p.start, window.start) for p in pieces})
    at_once = [
        _together([p for p in pieces if _runs_at(p, at)], window.policy)
        for at in moments
    ]
    if window.policy.together == "at_once" or not pieces:
        return at_once
    return _beside_all(at_once, _together(pieces, window.policy))


def _beside_all(at_once: Sequence[_Running], whole: _Running) -> list[_Running]:
    """Norepinephrine and epinephrine at each moment, beside all else of the window."""
    others = {d: r for d, r in whole.rates.items() if d not in CATECHOLAMINES}
    found = [
        {d: r for d, r in running.rates.items() if d in CATECHOLAMINES}
        for running in at_once
    ]
    return [_Running(own | others, whole.evidence) for own in found if own] or [whole]


def _counting(window: Window) -> list[Drip]:
    """The pieces in the window of infusions that ran for long enough (j)."""
    policy = window.policy
    return [
        piece
        for drug in sorted(vasoactives())
        for run in runs(window, (drug,), policy.pressor_gap)
        if min(run.end, window.now) - run.start >= policy.pressor_hour
        for piece in run.pieces
        if piece.start <= window.end and ends(piece) > window.start
    ]


def _runs_at(piece: Drip, at: datetime) -> bool:
    return piece.start <= at < ends(piece)


def _together(pieces: Sequence[Drip], policy: Sofa2Policy) -> _Running:
    rates: dict[str, float | None] = {}
    for piece in pieces:
        rate = piece.rate
        if piece.drug == "norepinephrine" and rate is not None:
            rate /= OF_THE_BASE[policy.norepinephrine]
        rates[piece.drug] = _higher(rates.get(piece.drug, 0.0), rate)
    return _Running(rates, tuple(piece.evidence for piece in pieces))


def _higher(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one, other)


def _worth(running: _Running, policy: Sofa2Policy) -> Component:
    """A rate that nobody can say may be anything above nothing."""
    least = _points(_filled(running.rates, 0.0), policy)
    most = _points(_filled(running.rates, inf), policy)
    return Component(
        name=NAME, points=least, lower=least, upper=most, evidence=running.evidence
    )


def _filled(rates: dict[str, float | None], unknown: float) -> dict[str, float]:
    return {drug: unknown if rate is None else rate for drug, rate in rates.items()}


def _points(rates: dict[str, float], policy: Sofa2Policy) -> int:
    """The points of what runs; a drug is in `rates` because it runs."""
    others = rates.keys() - set(CATECHOLAMINES)
    dopamine = _of_dopamine(rates, policy)
    if len(others) == len(rates):
        return max(ANY_OTHER, dopamine)
    total = round(sum(rates.get(drug, 0.0) for drug in CATECHOLAMINES), _DIGITS)
    points = points_of(NOREPINEPHRINE_EPINEPHRINE, total)
    return max(min(MOST, points + (1 if others else 0)), dopamine)


def _of_dopamine(rates: dict[str, float], policy: Sofa2Policy) -> int:
    """Its own cut-offs, where the policy lets them count; else 0."""
    if "dopamine" not in rates or not _is_sole(rates.keys() - {"dopamine"}, policy):
        return 0
    return points_of(DOPAMINE, rates["dopamine"])


def _is_sole(beside: Iterable[str], policy: Sofa2Policy) -> bool:
    if policy.dopamine == "always":
        return True
    counted = set(beside)
    if policy.dopamine == "sole_vasopressor":
        counted &= drugs_of_class("vasopressor")
    return not counted
