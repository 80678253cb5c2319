"""Coagulation and liver: one laboratory value each.

`values`: (worst of the hour,).
Zero and below is no result (mimic-code `complete_blood_count.sql`, `enzyme.sql`).
"""

from __future__ import annotations

from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.organ import UNSEEN, OrganHour, organ_hour, reading
from streams.clinical.scores.points import BILIRUBIN, PLATELETS


_PLATELETS = frozenset({"platelets"})
_BILIRUBIN = frozenset({"bilirubin"})


def coagulation(chart: Chart, after: datetime, until: datetime) -> OrganHour:
    """Platelets, 10*3/uL: the lowest."""
    found = [
        f
        for f in chart.laboratory_numbers("platelets", after, until)
        if f.value is not None and f.value > 0
    ]
    if not found:
        return UNSEEN
    lowest = min(f.value for f in found if f.value is not None)
    readings = [reading(PLATELETS, f, chart.policy) for f in found]
    return organ_hour(readings, (lowest,), _PLATELETS)


def liver(chart: Chart, after: datetime, until: datetime) -> OrganHour:
    """Total bilirubin, mg/dL: the highest."""
    found = [
        f
        for f in chart.laboratory_numbers("bilirubin_total", after, until)
        if f.value is not None and f.value > 0
    ]
    if not found:
        return UNSEEN
    highest = max(f.value for f in found if f.value is not None)
    readings = [reading(BILIRUBIN, f, chart.policy) for f in found]
    return organ_hour(readings, (highest,), _BILIRUBIN)
