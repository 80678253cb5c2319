"""Rates of drugs in the drug's own unit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from streams.vocabulary.drugs import Drug
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.units import UNITS, canonical_unit, convert


_PER_MASS = {"dose_rate": "ug/min", "dose_rate_per_mass": "ug/kg/min"}


def canonical_rate(
    drug: Drug, rate: float, unit: str, weight_kg: float | None = None
) -> float | None:
    """A rate in the drug's unit; None for want of a weight or of a unit.

    A volume an hour says nothing of the dose: None as well.
    Raises `InputError` EMB-107 for a unit that is not known, or not one of this drug's.
    """
    if not unit:
        return None
    source = canonical_unit(unit)
    if source is not None and UNITS[source].dimension == "volume_rate":
        return None
    factor = _factor(source, drug.unit) if source is not None else None
    if factor is None:
        raise InputError(
            ErrorCode.UNKNOWN_UNIT,
            f"A rate of {drug.name} in {unit!r} cannot become {drug.unit}.",
            "Map the unit after review.",
        )
    scale, power_of_weight = factor
    if not power_of_weight:
        return rate * scale
    return None if weight_kg is None else rate * scale * weight_kg**power_of_weight


def of_the_base(
    drug: Drug, rate: float | None, charted_as: Mapping[str, str]
) -> float | None:
    """The rate where it is of the base; `charted_as` is the site's word, by drug.

    One milligram of norepinephrine is in 1.22 to 2.0 of a salt, and nobody says of
    which: such a rate is unknown, unless it is 0.
    """
    return None if rate and charted_as.get(drug.name) == "salt" else rate


@cache
def _factor(source: str, target: str) -> tuple[float, int] | None:
    """What to multiply with, and which power of the weight comes on top."""
    of, to = UNITS[source].dimension, UNITS[target].dimension
    if of == to:
        return convert(1.0, from_unit=source, to_unit=target), 0
    if of not in _PER_MASS or to not in _PER_MASS:
        return None
    into = convert(1.0, from_unit=source, to_unit=_PER_MASS[of])
    out_of = convert(1.0, from_unit=_PER_MASS[to], to_unit=target)
    return into * out_of, -1 if to == "dose_rate_per_mass" else 1
