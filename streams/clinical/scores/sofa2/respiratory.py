"""Lungs: PaO2/FiO2, or SpO2/FiO2 where there is none, and support (f, g, h, i)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from operator import attrgetter

from streams.clinical.scores.chart import back
from streams.clinical.scores.hours import EPOCH
from streams.clinical.scores.oxygenation import Ratio, pf_ratios, sf_ratios
from streams.clinical.scores.points import BandAbove, Bands
from streams.clinical.scores.score import worst_of
from streams.clinical.scores.sofa2.policy import Sofa2Policy
from streams.clinical.scores.sofa2.window import (
    MOST,
    Organ,
    Table,
    Window,
    certain,
    unseen,
)
from streams.clinical.scores.values import Value
from streams.clinical.scores.ventilation import latest_status
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Measurement
from streams.vocabulary.messages import Component


NAME = "respiratory"


def _bands(one: float, two: float, three: float, four: float) -> Bands:
    return (
        BandAbove(-inf, four, 4),
        BandAbove(four, three, 3),
        BandAbove(three, two, 2),
        BandAbove(two, one, 1),
        BandAbove(one, inf, 0),
    )


_PER_KPA = 7.500616827

PF = Table(
    conventional=_bands(300, 225, 150, 75),
    si=_bands(40, 30, 20, 10),
    si_units=frozenset({"kPa"}),
    factor=1 / _PER_KPA,
)
"""mmHg or kPa; a cut-off belongs to the worse band."""

SF = Table(
    conventional=_bands(300, 250, 200, 120),
    si=_bands(300, 250, 200, 120),
    si_units=frozenset(),
    factor=1.0,
)

_taken = attrgetter("at")

_BLOCK = 4 * HOUR
"""Ratios are kept by so many hours, as pressures are."""

_NO_SUPPORT = 2
"""The most points without advanced support (h)."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one ratio is worth."""

    at: datetime
    component: Component
    support_known: bool


def respiratory(window: Window) -> Organ:
    """The worst ratio that lasted; ECMO is 4 points."""
    policy = window.policy
    ecmo = window.running(
        policy.ecmo_respiratory | policy.ecmo_unsaid | _ecmo_of_the_heart(window)
    )
    if ecmo:
        return Organ(certain(NAME, MOST, *(device.evidence for device in ecmo)))
    readings = _readings(window)
    if not readings:
        return unseen(NAME, "pao2_fio2")
    parts = [reading.component for reading in readings]
    known = all(reading.support_known for reading in readings)
    missing = () if known else ("respiratory_support",)
    return Organ(worst_of(NAME, parts, most=MOST), missing)


def _ecmo_of_the_heart(window: Window) -> frozenset[str]:
    return frozenset(n for n in window.policy.mechanical if n.startswith("ecmo"))


def _readings(window: Window) -> list[_Reading]:
    """P/F of the window, else S/F; else the last before it that is near enough."""
    for kind in (_pf, _sf):
        found = kind(window, window.after, window.end)
        if found:
            return found
    reach = window.policy.respiratory_reach
    if not reach:
        return []
    since, until = back(window.edge - reach), window.after
    earlier = _scored(window, "pao2", since, until)
    earlier = earlier or _scored(window, "spo2", since, until)
    return earlier[-1:]


def _pf(window: Window, after: datetime, until: datetime) -> list[_Reading]:
    scored = _scored(window, "pao2", after - HOUR, min(until + HOUR, window.now))
    return _lasting(window, scored, ())


def _sf(window: Window, after: datetime, until: datetime) -> list[_Reading]:
    """SpO2 too high to be scored still tells that it is well again."""
    late = min(until + HOUR, window.now)
    scored = _scored(window, "spo2", after - HOUR, late)
    well = [
        spo2.happened_at
        for spo2 in window.timeline.between(
            Measurement, "measurement:spo2", after - HOUR, late
        )
        if (spo2.value or 0.0) > window.policy.oxygenation.spo2_highest
    ]
    return _lasting(window, scored, well)


def _scored(
    window: Window, concept: str, after: datetime, until: datetime
) -> list[_Reading]:
    """The ratios of PaO2, or of SpO2, by the support at their moments."""
    lane = f"measurement:{concept}"
    if not window.timeline.between(Measurement, lane, after, until):
        return []
    support = _by_ratio_alone(window) or _at_home(window)
    first, last = ((at - EPOCH) // _BLOCK for at in (after, until))
    told = [
        reading
        for block in range(first, last + 1)
        for reading in _of_block(
            window.timeline, concept, block, support, window.policy
        )
    ]
    begins = bisect_right(told, after, key=_taken)
    return told[begins : bisect_right(told, until, key=_taken)]


@part
def _of_block(
    timeline: Timeline, concept: str, block: int, support: bool, policy: Sofa2Policy
) -> list[_Reading]:
    """The same of some hours, by time."""
    begins = EPOCH + block * _BLOCK
    found = timeline.between(
        Measurement, f"measurement:{concept}", back(begins), back(begins + _BLOCK)
    )
    return [
        reading
        for at in dict.fromkeys([fact.happened_at for fact in found])
        for reading in _of_moment(timeline, concept, at, support, policy)
    ]


@part
def _of_moment(
    timeline: Timeline, concept: str, at: datetime, support: bool, policy: Sofa2Policy
) -> list[_Reading]:
    """The same of one moment; `support`: whether it counts as given in any case."""
    window = Window(timeline, at, at, at, at, policy, at)
    ratios, table = (pf_ratios, PF) if concept == "pao2" else (sf_ratios, SF)
    given = True if support else None
    return [
        _reading(window, ratio, table, given)
        for ratio in ratios(timeline, back(at), at, policy=policy.oxygenation)
    ]


def _reading(
    window: Window, ratio: Ratio, table: Table, support: bool | None
) -> _Reading:
    """`support` as far as it is known already."""
    value = Value(ratio.at, ratio.range, ratio.evidence[0])
    full = window.scored(NAME, value, table)
    support = support or _supported(window, ratio.at)
    lower = full.lower if support else min(full.lower, _NO_SUPPORT)
    upper = full.upper if support is not False else min(full.upper, _NO_SUPPORT)
    component = Component(
        name=NAME, points=lower, lower=lower, upper=upper, evidence=ratio.evidence
    )
    matters = full.upper > _NO_SUPPORT
    return _Reading(ratio.at, component, support is not None or not matters)


def _by_ratio_alone(window: Window) -> bool:
    policy = window.policy
    unavailable = policy.without_support == "ratio_alone"
    return unavailable or window.has_ceiling(policy.support_ceiling)


def _at_home(window: Window) -> bool:
    """Whether the patient is ventilated at home."""
    return window.on_record(window.policy.home_ventilation) is not None


def _supported(window: Window, at: datetime) -> bool | None:
    """Whether support was advanced; None where nothing is charted of it."""
    status = latest_status(window.chart, at)
    return None if status is None else status in window.policy.advanced


# -- changes that were over within an hour -------------------------------------


def _lasting(
    window: Window, readings: list[_Reading], well: Sequence[datetime]
) -> list[_Reading]:
    """The window's readings but for those of transient changes.

    A change for the worse is transient where something better was charted before it
    and again less than an hour after it began.
    """
    begins = bisect_left(readings, window.start, key=_taken)
    inside = readings[begins : bisect_right(readings, window.end, key=_taken)]
    if window.policy.transient == "counted" or not inside:
        return inside
    course = sorted(
        [*((r.at, r.component.lower) for r in readings), *((at, -1) for at in well)]
    )
    kept = [r for r in inside if not _is_transient(course, r)]
    return kept or [_mildest(inside)]


def _is_transient(course: Sequence[tuple[datetime, int]], reading: _Reading) -> bool:
    level = reading.component.lower
    if all(points >= level for _, points in course):
        return False
    before = [point for point in course if point[0] < reading.at]
    after = [point for point in course if point[0] > reading.at]
    spell = list(_while_as_bad(reversed(before), level))
    better_before = len(spell) < len(before)
    began = spell[-1] if spell else reading.at
    over = next((at for at, points in after if points < level), None)
    return better_before and over is not None and over - began < HOUR


def _while_as_bad(
    course: Iterator[tuple[datetime, int]], level: int
) -> Iterator[datetime]:
    for at, points in course:
        if points < level:
            return
        yield at


def _mildest(readings: Sequence[_Reading]) -> _Reading:
    """All were passing; the least of them is what the ratios establish."""
    return min(readings, key=lambda r: (r.component.lower, r.component.upper, r.at))
