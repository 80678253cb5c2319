"""The cut-offs of Phoenix and Phoenix-8, each band with both its ends.

Schlapbach LJ et al., JAMA 2024;331:665-674; Sanchez-Pinto LN et al., JAMA
2024;331:675-686; real values are read as the authors' software reads them
(CU-DBMI-Peds/phoenix, MIT: the printed tables have whole mmHg and tenths of mmol/L).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nextafter

from streams.clinical.scores.points import Band, BandAbove, Bands


PF_RATIO: Bands = (
    Band(-inf, 100, 3),
    Band(100, 200, 2),
    Band(200, 400, 1),
    Band(400, inf, 0),
)
"""PaO2/FiO2 in mmHg: how bad the gas is; support decides how much of it counts."""

SF_RATIO: Bands = (
    Band(-inf, 148, 3),
    Band(148, 220, 2),
    Band(220, 292, 1),
    Band(292, inf, 0),
)
"""SpO2/FiO2 (per cent over fraction), only of an SpO2 up to 97 %."""

VASOACTIVES = (
    "dobutamine",
    "dopamine",
    "epinephrine",
    "milrinone",
    "norepinephrine",
    "vasopressin",
)
"""The drugs that count, at any systemic dose."""

NUMBER_OF_VASOACTIVES: Bands = (
    BandAbove(-inf, 0, 0),
    BandAbove(0, 1, 1),
    BandAbove(1, inf, 2),
)

LACTATE: Bands = (Band(-inf, 5, 0), Band(5, 11, 1), Band(11, inf, 2))
"""mmol/L, arterial or venous."""

PLATELETS: Bands = (Band(-inf, 100, 1), Band(100, inf, 0))
"""10*3/uL."""

INR: Bands = (BandAbove(-inf, 1.3, 0), BandAbove(1.3, inf, 1))

D_DIMER: Bands = (BandAbove(-inf, 2, 0), BandAbove(2, inf, 1))
"""mg/L in fibrinogen equivalent units; never D-dimer units."""

FIBRINOGEN: Bands = (Band(-inf, 100, 1), Band(100, inf, 0))
"""mg/dL."""

COAGULATION_CAP = 2

GLASGOW: Bands = (BandAbove(-inf, 10, 1), BandAbove(10, inf, 0))
"""Whole points, 3 to 15."""

FIXED_PUPILS: Bands = (Band(-inf, 1, 0), Band(1, inf, 2))
"""1: both pupils are fixed; 0: not both are."""

NEUROLOGIC_CAP = 2

GLUCOSE: Bands = (
    Band(-inf, 50, 1),
    Band(50, nextafter(150, inf), 0),
    BandAbove(150, inf, 1),
)
"""mg/dL; 50 and 150 are still normal."""

NEUTROPHILS: Bands = (Band(-inf, 0.5, 1), Band(0.5, inf, 0))
"""10*3/uL."""

LYMPHOCYTES: Bands = (Band(-inf, 1.0, 1), Band(1.0, inf, 0))
"""10*3/uL."""

BILIRUBIN: Bands = (Band(-inf, 4, 0), Band(4, inf, 1))
"""mg/dL, total."""

ALT: Bands = (BandAbove(-inf, 102, 0), BandAbove(102, inf, 1))
"""U/L."""


@dataclass(frozen=True, slots=True)
class AgeBand:
    """The cut-offs from an age of `since` until before `before`, in months."""

    since: float
    before: float
    pressure: Bands
    """Mean arterial pressure, mmHg."""
    creatinine: Bands
    """mg/dL."""


def _aged(
    since: float, before: float, *, low: float, lower: float, high: float
) -> AgeBand:
    """Below `low` mmHg a point, below `lower` two; from `high` mg/dL a point."""
    pressure = (Band(-inf, lower, 2), Band(lower, low, 1), Band(low, inf, 0))
    return AgeBand(since, before, pressure, (Band(-inf, high, 0), Band(high, inf, 1)))


GROWN = 216.0
"""Months: the eighteenth birthday."""

AGES = (
    _aged(0, 1, low=31, lower=17, high=0.8),
    _aged(1, 12, low=39, lower=25, high=0.3),
    _aged(12, 24, low=44, lower=31, high=0.4),
    _aged(24, 60, low=45, lower=32, high=0.6),
    _aged(60, 144, low=49, lower=36, high=0.7),
    _aged(144, GROWN, low=52, lower=38, high=1.0),
)
"""By age in months, not adjusted for prematurity."""

PRESSURE_MOST = 2
CREATININE_MOST = 1
