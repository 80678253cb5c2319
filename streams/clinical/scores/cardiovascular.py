"""Heart and vessels: vasoactive drips and mean arterial pressure.

`values`: rates of epinephrine, norepinephrine, dopamine, dobutamine (ug/kg/min), and
the lowest mean pressure (mmHg).
Pressures charted at one moment are averaged, invasive and cuff together, and only
`0 < x < 300` counts (mimic-code `vitalsign.sql`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import Drip
from streams.clinical.scores.organ import UNSEEN, OrganHour, Reading, organ_hour
from streams.clinical.scores.points import MEAN_PRESSURE, VASOACTIVES, points_of
from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.events import Measurement


_MAP = frozenset({"map"})
_NONE: frozenset[str] = frozenset()

Running = Mapping[str, Sequence[Drip]]
"""By drug, the stretches that count in the hour."""


def cardiovascular(
    chart: Chart, after: datetime, until: datetime, running: Running
) -> OrganHour:
    """The worst of the drips and the pressure."""
    pressures = _pressures(chart, after, until)
    if not pressures and not any(running.values()):
        return UNSEEN
    readings = [
        Reading(points, points, evidence)
        for mean, evidence in pressures
        for points in (points_of(MEAN_PRESSURE, mean),)
    ]
    rates = [_highest(running.get(drug, ())) for drug in VASOACTIVES]
    readings += _drip_readings(running, chart.policy)
    lowest = min((mean for mean, _ in pressures), default=None)
    seen = _MAP if pressures else _NONE
    if not readings:
        return UNSEEN
    return _established(organ_hour(readings, (*rates, lowest), seen), running, chart)


def _established(hour: OrganHour, running: Running, chart: Chart) -> OrganHour:
    """A drip whose rate nobody can say establishes nothing by itself."""
    if hour.seen or hour.points or chart.policy.missing == "normal":
        return hour
    if all(drip.rate is None for one in running.values() for drip in one):
        return OrganHour(hour.values, None, hour.upper, (), hour.seen)
    return hour


def _pressures(
    chart: Chart, after: datetime, until: datetime
) -> list[tuple[float, tuple[str, ...]]]:
    """The mean of what was charted at each moment, with its events."""
    found = [
        f
        for f in chart.charted_numbers("map", after, until)
        if f.value is not None and 0 < f.value < 300
    ]
    if len(found) == 1:
        return [(_value(found[0]), (found[0].event_id,))]
    at: dict[datetime, list[Measurement]] = {}
    for fact in found:
        at.setdefault(fact.happened_at, []).append(fact)
    return [
        (sum(_value(f) for f in facts) / len(facts), tuple(f.event_id for f in facts))
        for facts in at.values()
    ]


def _drip_readings(running: Running, policy: SofaPolicy) -> Iterable[Reading]:
    for drug, bands in VASOACTIVES.items():
        for drip in running.get(drug, ()):
            evidence = (drip.evidence,)
            if drip.rate is None:
                if policy.missing != "normal":
                    yield Reading(0, max(band.points for band in bands), evidence)
            elif drip.rate > 0:
                points = points_of(bands, drip.rate)
                yield Reading(points, points, evidence)
            elif policy.zero_rate != "no_information":
                points = _zero_points(drug, policy)
                yield Reading(points, points, evidence)


def _zero_points(drug: str, policy: SofaPolicy) -> int:
    old = policy.zero_rate == "three_points"
    return 3 if old and drug in {"epinephrine", "norepinephrine"} else 0


def _highest(running: Iterable[Drip]) -> float | None:
    return max((d.rate for d in running if d.rate is not None), default=None)


def _value(fact: Measurement) -> float:
    return 0.0 if fact.value is None else fact.value
