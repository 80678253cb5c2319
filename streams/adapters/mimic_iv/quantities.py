"""Numbers with their units: into the canonical unit, and judged by the bounds.

Outside `possible` the row is rejected; outside `plausible` it is kept and flagged.
"""

from __future__ import annotations

import re

from streams.adapters import rates
from streams.adapters.tabular.cells import Row
from streams.adapters.values import COMPARATORS
from streams.vocabulary.concepts import Concept
from streams.vocabulary.drugs import Drug
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Comparator, Flag


IMPLAUSIBLE = (Flag.IMPLAUSIBLE,)

_CENSORED = re.compile(r"\s*(<=|>=|=<|=>|<|>)\s*(\d+(?:\.\d+)?)")


def censored(text: str) -> tuple[Comparator, float] | None:
    """The bound of a result such as `>1650` or `<0.01.  SUGGESTS …`."""
    found = _CENSORED.match(text)
    return (COMPARATORS[found[1]], float(found[2])) if found else None


def comparator(written: str) -> Comparator | None:
    """The comparator a laboratory wrote; None for `=` and for nothing."""
    return COMPARATORS.get(written.strip())


def in_canonical_unit(
    row: Row, column: str, concept: Concept, value: float, unit: str
) -> float:
    """`value` in the concept's unit; leaves a fault (EMB-107) where it cannot be."""
    try:
        return concept.in_canonical_unit(value, unit)
    except InputError as error:
        row.reject_for(column, error)
        return value


def judged(row: Row, column: str, concept: Concept, value: float) -> tuple[Flag, ...]:
    """What is odd about a value; leaves a fault (EMB-106) on an impossible one."""
    if not concept.possible.holds(value):
        row.reject(
            ErrorCode.IMPOSSIBLE_VALUE,
            column,
            f"{concept.name} of {value:g} {concept.unit} is physically impossible.",
            "Correct it at the source.",
        )
    return () if concept.plausible.holds(value) else IMPLAUSIBLE


def not_negative(row: Row, column: str) -> float | None:
    """A rate, dose or volume; leaves a fault (EMB-106) on a negative one."""
    value = row.number(column)
    if value is not None and value < 0:
        row.reject(
            ErrorCode.IMPOSSIBLE_VALUE,
            column,
            f"{column} of {value:g} is negative.",
            "Correct it at the source.",
        )
    return value


def canonical_rate(
    row: Row, column: str, drug: Drug, rate: float, weight_kg: float | None
) -> float | None:
    """A rate in the drug's unit; None for want of a weight or of a unit.

    Leaves a fault (EMB-107) where `column` holds a unit that is not known or not one
    of this drug's.
    """
    written = row.text(column)
    if written is None:
        return None
    try:
        return rates.canonical_rate(drug, rate, written, weight_kg)
    except InputError as error:
        row.reject_for(column, error)
        return None
