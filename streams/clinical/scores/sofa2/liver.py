"""Liver: total bilirubin, mg/dL or umol/L."""

from __future__ import annotations

from math import inf

from streams.clinical.scores.points import BandAbove
from streams.clinical.scores.score import worst_of
from streams.clinical.scores.sofa2.window import (
    MOST,
    Organ,
    Table,
    Window,
    factor_of,
    unseen,
)


NAME = "liver"

BILIRUBIN = Table(
    conventional=(
        BandAbove(-inf, 1.2, 0),
        BandAbove(1.2, 3.0, 1),
        BandAbove(3.0, 6.0, 2),
        BandAbove(6.0, 12.0, 3),
        BandAbove(12.0, inf, 4),
    ),
    si=(
        BandAbove(-inf, 20.6, 0),
        BandAbove(20.6, 51.3, 1),
        BandAbove(51.3, 102.6, 2),
        BandAbove(102.6, 205.0, 3),
        BandAbove(205.0, inf, 4),
    ),
    si_units=frozenset({"umol/L"}),
    factor=factor_of("bilirubin_total"),
)
"""A cut-off belongs to the better band."""


def liver(window: Window) -> Organ:
    """The highest."""
    found = window.results("bilirubin_total", window.policy.liver_reach)
    if not found:
        return unseen(NAME, "bilirubin_total")
    parts = [window.scored(NAME, value, BILIRUBIN) for value in found]
    return Organ(worst_of(NAME, parts, most=MOST))
