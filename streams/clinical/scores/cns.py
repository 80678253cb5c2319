"""Brain: the lowest Glasgow coma scale of the hour; `values`: (total,)."""

from __future__ import annotations

from datetime import datetime

from streams.clinical.scores.chart import Chart
from streams.clinical.scores.glasgow import Glasgow, totals
from streams.clinical.scores.organ import UNSEEN, OrganHour, Reading, organ_hour
from streams.clinical.scores.points import GLASGOW, points_of


_SEEN = frozenset({"gcs"})


def cns(chart: Chart, after: datetime, until: datetime) -> OrganHour:
    """A total that is only bounded establishes what its best case is worth."""
    found = totals(chart, after, until)
    if not found:
        return UNSEEN
    exact = [t.low for t in found if t.low == t.high]
    lowest = min(exact) if exact else None
    return organ_hour([_reading(t) for t in found], (lowest,), _SEEN)


def _reading(total: Glasgow) -> Reading:
    best, worst = points_of(GLASGOW, total.high), points_of(GLASGOW, total.low)
    return Reading(best, worst, total.evidence)
