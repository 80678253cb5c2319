"""Kleene's three-valued logic: TRUE, FALSE, UNKNOWN.

The tables are those of CQL 1.5 (HL7), where null is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Truth3(Enum):
    """A truth value; it has no bool, so that UNKNOWN can never pass for FALSE."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    UNKNOWN = "UNKNOWN"

    def __bool__(self) -> bool:
        """Refuse: ask `is TRUE`, `is FALSE` or `is UNKNOWN` instead."""
        raise TypeError("A three-valued truth has no bool; compare it with `is`.")

    __hash__ = object.__hash__  # Enum's own is a Python call, and these are asked often

    def __invert__(self) -> Truth3:
        """Not."""
        return _NOT[self]

    def __and__(self, other: Truth3) -> Truth3:
        """And: FALSE decides, then UNKNOWN."""
        return all_of((self, other))

    def __or__(self, other: Truth3) -> Truth3:
        """Or: TRUE decides, then UNKNOWN."""
        return any_of((self, other))


TRUE, FALSE, UNKNOWN = Truth3.TRUE, Truth3.FALSE, Truth3.UNKNOWN

_NOT = {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN}


def truth(value: bool | None) -> Truth3:
    """A bool, or None for unknown, as a truth value."""
    return UNKNOWN if value is None else TRUE if value else FALSE


def all_of(values: Iterable[Truth3]) -> Truth3:
    """Conjunction; TRUE of nothing."""
    seen = set(values)
    return FALSE if FALSE in seen else UNKNOWN if UNKNOWN in seen else TRUE


def any_of(values: Iterable[Truth3]) -> Truth3:
    """Disjunction; FALSE of nothing."""
    seen = set(values)
    return TRUE if TRUE in seen else UNKNOWN if UNKNOWN in seen else FALSE
