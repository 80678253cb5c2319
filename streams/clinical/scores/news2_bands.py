"""The bands of NEWS2, each with both its ends, in steps of the chart.

Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017.
"""

from __future__ import annotations

from math import inf

from streams.clinical.scores.points import Band, Bands


BREATHS: Bands = (
    Band(-inf, 9, 3),
    Band(9, 12, 1),
    Band(12, 21, 0),
    Band(21, 25, 2),
    Band(25, inf, 3),
)
"""Per minute."""

SATURATION_1: Bands = (
    Band(-inf, 92, 3),
    Band(92, 94, 2),
    Band(94, 96, 1),
    Band(96, inf, 0),
)
"""SpO2, per cent, scale 1."""

SATURATION_2_AIR: Bands = (
    Band(-inf, 84, 3),
    Band(84, 86, 2),
    Band(86, 88, 1),
    Band(88, inf, 0),
)
"""SpO2, per cent, scale 2 (target 88 to 92), breathing air."""

SATURATION_2_OXYGEN: Bands = (
    *SATURATION_2_AIR[:-1],
    Band(88, 93, 0),
    Band(93, 95, 1),
    Band(95, 97, 2),
    Band(97, inf, 3),
)
"""The same, on oxygen."""

SYSTOLIC: Bands = (
    Band(-inf, 91, 3),
    Band(91, 101, 2),
    Band(101, 111, 1),
    Band(111, 220, 0),
    Band(220, inf, 3),
)
"""mmHg."""

PULSE: Bands = (
    Band(-inf, 41, 3),
    Band(41, 51, 1),
    Band(51, 91, 0),
    Band(91, 111, 1),
    Band(111, 131, 2),
    Band(131, inf, 3),
)
"""Per minute."""

TEMPERATURE: Bands = (
    Band(-inf, 35.1, 3),
    Band(35.1, 36.1, 1),
    Band(36.1, 38.1, 0),
    Band(38.1, 39.1, 1),
    Band(39.1, inf, 2),
)
"""Degrees Celsius, in tenths."""
