"""Kidney: creatinine and a day's urine.

`values`: (urine in mL per 24 h, creatinine in mg/dL).
Creatinine above 150 mg/dL is no result (mimic-code `chemistry.sql`).
"""

from __future__ import annotations

from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.organ import (
    UNSEEN,
    OrganHour,
    Reading,
    organ_hour,
    reading,
)
from streams.clinical.scores.points import CREATININE, URINE, points_of
from streams.clinical.scores.urine import day_volumes
from streams.vocabulary.events import Measurement


_HIGHEST = 150.0


def renal(chart: Chart, after: datetime, until: datetime) -> OrganHour:
    """The worse of the two."""
    values = creatinines(chart, after, until)
    days = day_volumes(chart, after, until)
    if not values and not days:
        return UNSEEN
    readings = [reading(CREATININE, f, chart.policy) for f in values]
    highest = max((f.value for f in values if f.value is not None), default=None)
    pick = max if chart.policy.urine_of_hour == "highest" else min
    day = pick(days, key=lambda d: d.volume, default=None)
    if day is not None:
        points = points_of(URINE, day.volume)
        readings.append(Reading(points, points, day.evidence))
    seen = frozenset(
        name for name, there in (("creatinine", values), ("urine", day)) if there
    )
    volume = None if day is None else day.volume
    return organ_hour(readings, (volume, highest), seen)


def creatinines(chart: Chart, after: datetime, until: datetime) -> list[Measurement]:
    """The results that count, mg/dL."""
    return [
        f
        for f in chart.laboratory_numbers("creatinine", after, until)
        if f.value is not None and 0 < f.value <= _HIGHEST
    ]
