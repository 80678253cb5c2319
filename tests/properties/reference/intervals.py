"""Results and totals as the least and the most they can be."""

from dataclasses import dataclass
from math import inf

from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


@dataclass
class Range:
    """From `low` to `high`; an end that is open does not belong to it."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False


def censored(value, comparator):
    """What `>1650` leaves possible."""
    if comparator is None:
        return Range(value, value)
    is_open = comparator in ("<", ">")
    if comparator.startswith("<"):
        return Range(-inf, value, high_open=is_open)
    return Range(value, inf, low_open=is_open)


def compared(found, operator, than):
    """TRUE if all of the range compares so, FALSE if nothing of it does."""
    if operator in ("<", "<="):
        mirrored = Range(-found.high, -found.low, found.high_open, found.low_open)
        return compared(mirrored, operator.replace("<", ">"), -than)
    reaches = operator == ">="
    if found.low > than or (found.low == than and (reaches or found.low_open)):
        return TRUE
    if found.high < than or (found.high == than and (not reaches or found.high_open)):
        return FALSE
    return UNKNOWN
