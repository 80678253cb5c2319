"""Counts as rates, with an interval that says how little a short history tells."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


MONTH = timedelta(days=30.4375)
"""A twelfth of a year of 365.25 days."""

COVERAGE = 0.95
_EXACT_UP_TO = 1_000
"""Above it the exact sum is long, and the approximation errs by less than one in 10⁴."""
_SLICES = 6
"""From so many whole months on, how much they differ is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many a month, and where the true rate lies in 95 of 100 such histories."""

    per_month: float
    low: float
    high: float
    dispersion: float | None = None
    """Variance over mean of the whole months; None where there are too few of them."""


def monthly(
    moments: Sequence[datetime], *, start: datetime | None, months: float
) -> Rate:
    """The rate of these moments over a span that began at `start`.

    The interval is the exact one of a Poisson count.  Where the months differ by more
    than chance (`dispersion` above 1) it is widened by the root of that; `start` is
    None where the moments' own dates mean nothing, and then nobody looked.
    """
    low, high = poisson_interval(len(moments))
    spread = None if start is None else _dispersion(moments, start, months)
    wider = math.sqrt(max(spread or 1.0, 1.0))
    count = len(moments)
    return Rate(
        per_month=count / months,
        low=max(count - (count - low) * wider, 0.0) / months,
        high=(count + (high - count) * wider) / months,
        dispersion=spread,
    )


def poisson_interval(count: int) -> tuple[float, float]:
    """The exact 95 % interval of a Poisson mean (Garwood, Biometrika 1936;28:437).

    Above 1,000 it is Byar's approximation of the same.
    """
    tail = (1 - COVERAGE) / 2
    if count > _EXACT_UP_TO:
        return _byar(count, -1), _byar(count + 1, 1)
    most = count + 10 * math.sqrt(count + 1) + 10
    low = 0.0 if count == 0 else _solved(count - 1, 1 - tail, most)
    return low, _solved(count, tail, most)


def _solved(count: int, probability: float, most: float) -> float:
    """The mean at which so many or fewer come with that probability."""
    low, high = 0.0, most
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(count, middle) > probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _at_most(count: int, mean: float) -> float:
    if mean <= 0:
        return 1.0
    log = math.log(mean)
    return math.fsum(
        math.exp(k * log - mean - math.lgamma(k + 1)) for k in range(count + 1)
    )


def _byar(count: int, side: int) -> float:
    z = 1.959964
    return count * (1 - 1 / (9 * count) + side * z / (3 * math.sqrt(count))) ** 3


def _dispersion(
    moments: Sequence[datetime], start: datetime, months: float
) -> float | None:
    whole = int(months)
    if whole < _SLICES or not moments:
        return None
    slices = Counter(int((moment - start) / MONTH) for moment in moments)
    counts = [slices[number] for number in range(whole)]
    mean = sum(counts) / whole
    if mean == 0:
        return None
    variance = sum((n - mean) ** 2 for n in counts) / (whole - 1)
    return variance / mean
