"""Rounding as the reference does it: half away from zero, on the written number."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def round_half_up(value: float, places: int) -> float:
    """`value` to so many places; 0.125 to two is 0.13, which `round` would not give."""
    step = Decimal(1).scaleb(-places)
    return float(Decimal(repr(value)).quantize(step, ROUND_HALF_UP))
