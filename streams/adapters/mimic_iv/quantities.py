"""Numbers with their units: into the canonical unit, and judged by the bounds.

Outside `possible` the row is rejected; outside `plausible` it is kept and flagged.
"""

from __future__ import annotations

import re
from functools import cache

from streams.adapters.tabular.cells import Row
from streams.vocabulary.concepts import Concept
from streams.vocabulary.drugs import Drug
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Comparator, Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


IMPLAUSIBLE = (Flag.IMPLAUSIBLE,)

_CENSORED = re.compile(r"\s*(<=|>=|=<|=>|<|>)\s*(\d+(?:\.\d+)?)")
_COMPARATORS: dict[str, Comparator] = {
    "<": "<",
    "<=": "<=",
    "=<": "<=",
    ">": ">",
    ">=": ">=",
    "=>": ">=",
}


def censored(text: str) -> tuple[Comparator, float] | None:
    """The bound of a result such as `>1650` or `<0.01.  SUGGESTS …`."""
    found = _CENSORED.match(text)
    return (_COMPARATORS[found[1]], float(found[2])) if found else None


def comparator(written: str) -> Comparator | None:
    """The comparator a laboratory wrote; None for `=` and for nothing."""
    return _COMPARATORS.get(written.strip())


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
    factor = _factor(written, drug.unit)
    if factor is None:
        row.reject(
            ErrorCode.UNKNOWN_UNIT,
            column,
            f"A rate of {drug.name} in {written!r} cannot become {drug.unit}.",
            "Map the unit after review.",
        )
        return None
    scale, power_of_weight = factor
    if not power_of_weight:
        return rate * scale
    return None if weight_kg is None else rate * scale * weight_kg**power_of_weight


_PER_MASS = {"dose_rate": "ug/min", "dose_rate_per_mass": "ug/kg/min"}


@cache
def _factor(written: str, target: str) -> tuple[float, int] | None:
    """What to multiply with, and which power of the weight comes on top."""
    source = canonical_unit(written)
    if source is None:
        return None
    of, to = UNITS[source].dimension, UNITS[target].dimension
    if of == to:
        return convert(1.0, from_unit=source, to_unit=target), 0
    if of not in _PER_MASS or to not in _PER_MASS:
        return None
    into = convert(1.0, from_unit=source, to_unit=_PER_MASS[of])
    out_of = convert(1.0, from_unit=_PER_MASS[to], to_unit=target)
    return into * out_of, -1 if to == "dose_rate_per_mass" else 1
