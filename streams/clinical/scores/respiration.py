"""Lungs: PaO2/FiO2, with and without ventilatory support.

`values`: (lowest without support, lowest with support), mmHg.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.gases import Gas, arterial_gases
from streams.clinical.scores.organ import UNSEEN, OrganHour, Reading, organ_hour
from streams.clinical.scores.points import (
    OXYGENATION,
    OXYGENATION_VENTILATED,
    Bands,
    points_of,
)
from streams.clinical.scores.ventilation import Episode, latest_status


_RATIO = frozenset({"pao2_fio2"})
_BOTH = frozenset({"pao2_fio2", "ventilation"})


def respiration(
    chart: Chart,
    after: datetime,
    until: datetime,
    ventilated: Sequence[Episode],
    *,
    under_support: Bands = OXYGENATION_VENTILATED,
) -> OrganHour:
    """The worst gas; `ventilated` matters where the policy goes by episodes."""
    gases = [g for g in arterial_gases(chart, after, until) if g.ratio is not None]
    if not gases:
        return UNSEEN
    support = [_supported(chart, gas, ventilated) for gas in gases]
    pairs = list(zip(gases, support, strict=True))
    free = [g.ratio for g, on in pairs if g.ratio is not None and on is not True]
    bound = [g.ratio for g, on in pairs if g.ratio is not None and on is True]
    values = (min(free, default=None), min(bound, default=None))
    seen = _RATIO if None in support else _BOTH
    readings = [_reading(gas, under_support, on=on) for gas, on in pairs]
    return organ_hour(readings, values, seen)


def _supported(chart: Chart, gas: Gas, ventilated: Sequence[Episode]) -> bool | None:
    """Whether the gas was taken under support; None where that is not known."""
    if chart.policy.ventilation == "charted_episodes":
        return any(e.start <= gas.at <= e.end for e in ventilated)
    status = latest_status(chart, gas.at)
    return None if status is None else status in chart.policy.ventilated


def _reading(gas: Gas, under_support: Bands, *, on: bool | None) -> Reading:
    ratio = 0.0 if gas.ratio is None else gas.ratio
    without = points_of(OXYGENATION, ratio)
    with_support = points_of(under_support, ratio)
    if on is None:
        either = (without, with_support)
        return Reading(min(either), max(either), gas.evidence)
    points = with_support if on else without
    return Reading(points, points, gas.evidence)
