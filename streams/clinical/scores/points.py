"""The cut-offs of SOFA (1996), each band with both its ends.

Vincent JL et al., Intensive Care Med 1996;22:707-710, as used by Sepsis-3 (Singer M et
al., JAMA 2016;315:801-810).
The published table leaves gaps (1.9 to 2.0); real values are read half-open
(`1.2 <= x < 2.0`), as mimic-code and ricu do.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nextafter


WORST = 4
"""The most points one organ can have."""


@dataclass(frozen=True, slots=True)
class Band:
    """Values from `low` to `high`; which end belongs to it is part of its name."""

    low: float
    high: float
    points: int

    def holds(self, value: float) -> bool:
        """Whether `low <= value < high`."""
        return self.low <= value < self.high


class BandAbove(Band):
    """A band of a rate: 5 µg/kg/min belongs to the band that ends there."""

    __slots__ = ()

    def holds(self, value: float) -> bool:
        """Whether `low < value <= high`."""
        return self.low < value <= self.high


Bands = tuple[Band, ...]

PLATELETS: Bands = (
    Band(-inf, 20, 4),
    Band(20, 50, 3),
    Band(50, 100, 2),
    Band(100, 150, 1),
    Band(150, inf, 0),
)
"""10*3/uL."""


@dataclass(frozen=True, slots=True)
class TwoColumns:
    """A row that the table prints in two units, which are not each other's conversion.

    A creatinine of 108 umol/L is 1.22 mg/dL: no point in one column, one in the other.
    """

    conventional: Bands
    si: Bands
    si_unit: str
    """UCUM."""


def _above(value: float) -> float:
    """The first number above, so that a band can end with `value`."""
    return nextafter(value, inf)


BILIRUBIN = TwoColumns(
    conventional=(
        Band(12.0, inf, 4),
        Band(6.0, 12.0, 3),
        Band(2.0, 6.0, 2),
        Band(1.2, 2.0, 1),
        Band(-inf, 1.2, 0),
    ),
    si=(
        Band(_above(204), inf, 4),
        Band(102, _above(204), 3),
        Band(33, 102, 2),
        Band(20, 33, 1),
        Band(-inf, 20, 0),
    ),
    si_unit="umol/L",
)
"""mg/dL or umol/L; the second column is from general knowledge, not read."""

CREATININE = TwoColumns(
    conventional=(
        Band(5.0, inf, 4),
        Band(3.5, 5.0, 3),
        Band(2.0, 3.5, 2),
        Band(1.2, 2.0, 1),
        Band(-inf, 1.2, 0),
    ),
    si=(
        Band(_above(440), inf, 4),
        Band(300, _above(440), 3),
        Band(171, 300, 2),
        Band(110, 171, 1),
        Band(-inf, 110, 0),
    ),
    si_unit="umol/L",
)
"""mg/dL or umol/L; the second column is from general knowledge, not read."""

URINE: Bands = (Band(-inf, 200, 4), Band(200, 500, 3), Band(500, inf, 0))
"""mL in 24 hours."""

OXYGENATION_VENTILATED: Bands = (
    Band(-inf, 100, 4),
    Band(100, 200, 3),
    Band(200, 300, 2),
    Band(300, 400, 1),
    Band(400, inf, 0),
)
"""PaO2/FiO2 in mmHg with ventilatory support."""

OXYGENATION: Bands = (
    Band(-inf, 300, 2),
    Band(300, 400, 1),
    Band(400, inf, 0),
)
"""PaO2/FiO2 in mmHg without ventilatory support: never more than 2."""

GLASGOW: Bands = (
    Band(-inf, 6, 4),
    Band(6, 10, 3),
    Band(10, 13, 2),
    Band(13, 15, 1),
    Band(15, inf, 0),
)
"""Whole points, 3 to 15."""

MEAN_PRESSURE: Bands = (Band(-inf, 70, 1), Band(70, inf, 0))
"""mmHg."""

DOPAMINE: Bands = (
    BandAbove(15, inf, 4),
    BandAbove(5, 15, 3),
    BandAbove(0, 5, 2),
    BandAbove(-inf, 0, 0),
)
"""ug/kg/min."""

CATECHOLAMINE: Bands = (
    BandAbove(0.1, inf, 4),
    BandAbove(0, 0.1, 3),
    BandAbove(-inf, 0, 0),
)
"""Epinephrine or norepinephrine (base), ug/kg/min."""

DOBUTAMINE: Bands = (BandAbove(0, inf, 2), BandAbove(-inf, 0, 0))
"""Any dose, ug/kg/min."""

VASOACTIVES: dict[str, Bands] = {
    "epinephrine": CATECHOLAMINE,
    "norepinephrine": CATECHOLAMINE,
    "dopamine": DOPAMINE,
    "dobutamine": DOBUTAMINE,
}
"""The drugs SOFA counts; phenylephrine, vasopressin and milrinone it does not."""


def points_of(bands: Bands, value: float) -> int:
    """The points of the band that holds `value`."""
    return next(band.points for band in bands if band.holds(value))
