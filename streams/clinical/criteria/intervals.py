"""Results as intervals: `>1650` is not a number, and says nothing about 4,420."""

from __future__ import annotations

import math
from dataclasses import dataclass

from streams.vocabulary.quantities import Operator
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the true value lies; an end may itself be excluded."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


def interval(
    value: float, comparator: Operator | None = None, upper: float | None = None
) -> Interval:
    """The interval a result stands for."""
    if comparator in ("<", "<="):
        return Interval(-math.inf, value, high_open=comparator == "<")
    if comparator in (">", ">="):
        return Interval(value, math.inf, low_open=comparator == ">")
    return Interval(value, value if upper is None else upper)


def compare(result: Interval, operator: Operator, than: float) -> Truth3:
    """TRUE if every value of the interval compares so, FALSE if none does."""
    if operator in (">", ">="):
        return _above(result, than, strict=operator == ">")
    return ~_above(result, than, strict=operator == "<=")


def _above(result: Interval, than: float, *, strict: bool) -> Truth3:
    if result.low > than or (result.low == than and (result.low_open or not strict)):
        return TRUE
    if result.high < than or (result.high == than and (result.high_open or strict)):
        return FALSE
    return UNKNOWN
