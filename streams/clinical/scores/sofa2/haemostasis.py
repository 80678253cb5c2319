"""Haemostasis: platelets, 10*3/uL."""

from __future__ import annotations

from math import inf

from streams.clinical.scores.points import BandAbove, Bands
from streams.clinical.scores.score import worst_of
from streams.clinical.scores.sofa2.window import MOST, Organ, Window, unseen
from streams.clinical.scores.values import banded


NAME = "haemostasis"

PLATELETS: Bands = (
    BandAbove(-inf, 50, 4),
    BandAbove(50, 80, 3),
    BandAbove(80, 100, 2),
    BandAbove(100, 150, 1),
    BandAbove(150, inf, 0),
)
"""10*3/uL; a cut-off belongs to the worse band."""


def haemostasis(window: Window) -> Organ:
    """The lowest count."""
    found = window.results("platelets", window.policy.haemostasis_reach)
    if not found:
        return unseen(NAME, "platelets")
    parts = [banded(NAME, value, PLATELETS) for value in found]
    return Organ(worst_of(NAME, parts, most=MOST))
