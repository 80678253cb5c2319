"""What a value[x] says: a number with its unit, a range, a titre, or a word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from streams.adapters.fhir.elements import Quantity
from streams.adapters.fhir.resources import Valued
from streams.adapters.fhir.telling import Telling
from streams.adapters.values import NOTHING, Reported, read_result
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Comparator, Flag
from streams.vocabulary.units import UNITS, canonical_unit, convert


_COMPARATORS: dict[str, Comparator] = {one: one for one in get_args(Comparator)}
_UNIT = re.compile(r"\S{1,20}")
_NO_UNIT = "(a text)"
_PLAUSIBLE_ML = 5_000.0
"""The most that one charting may hold and be believed; ours."""


def written_unit(quantity: Quantity | None, names: Mapping[str, str]) -> str:
    """The unit's code, or its name where only that is known; `names` are the site's.

    An unknown one that does not look like a unit may be anything: it stays behind.
    """
    if quantity is None:
        return ""
    code, name = quantity.code or "", quantity.unit or ""
    for written in (code, name):
        if written and (written in names or canonical_unit(written)):
            return written
    written = code or name
    return written if not written or _UNIT.fullmatch(written) else _NO_UNIT


def number_of(quantity: Quantity | None) -> Reported:
    """A quantity's number with its comparator."""
    if quantity is None or quantity.value is None:
        return NOTHING
    sign = quantity.comparator
    if sign and sign not in _COMPARATORS:
        return NOTHING
    return Reported(quantity.value, _COMPARATORS[sign] if sign else None)


def reported(part: Valued, names: Mapping[str, str]) -> tuple[Reported, str]:
    """What a value[x] says, and its unit as written."""
    if part.value_quantity is not None:
        return number_of(part.value_quantity), written_unit(part.value_quantity, names)
    if part.value_integer is not None:
        return Reported(float(part.value_integer)), ""
    if part.value_range is not None:
        return _range(part.value_range.low, part.value_range.high, names)
    if part.value_ratio is not None:
        return _ratio(part.value_ratio.numerator, part.value_ratio.denominator), ""
    if part.value_string is not None:
        return read_result(part.value_string), ""
    return NOTHING, ""


def _range(
    low: Quantity | None, high: Quantity | None, names: Mapping[str, str]
) -> tuple[Reported, str]:
    first, last = number_of(low).value, number_of(high).value
    unit = written_unit(low if first is not None else high, names)
    if low and high and written_unit(low, names) != written_unit(high, names):
        return NOTHING, ""
    if first is not None and last is not None:
        return (Reported(first, upper=last) if first <= last else NOTHING), unit
    if first is not None:
        return Reported(first, ">="), unit
    return (NOTHING if last is None else Reported(last, "<=")), unit


def _ratio(numerator: Quantity | None, denominator: Quantity | None) -> Reported:
    """A titre, whose numerator is 1; no other ratio has one number."""
    top, bottom = number_of(numerator), number_of(denominator)
    if top.value != 1.0 or bottom.value is None:
        return NOTHING
    return Reported(bottom.value, top.comparator, titre=True)


def has_value(part: Valued) -> bool:
    """Whether it has an answer."""
    told = (
        part.value_quantity,
        part.value_codeable_concept,
        part.value_string,
        part.value_integer,
        part.value_range,
        part.value_ratio,
    )
    return any(one is not None for one in told)


def written_value(said: Reported) -> str | None:
    """A number or a known word as it was sent."""
    if said.value is None:
        return said.word
    number = f"{said.value:.15g}"
    if said.titre:
        return f"{said.comparator or ''}1:{number}"
    if said.upper is not None:
        return f"{number}-{said.upper:.15g}"
    return f"{said.comparator or ''}{number}"


def millilitres(
    telling: Telling, amount: float, unit: str
) -> tuple[float, tuple[Flag, ...]]:
    """A volume; raises `InputError` EMB-106 below nothing, EMB-107 for its unit."""
    ucum = canonical_unit(telling.desk.site.units.get(unit, unit))
    if ucum is None or UNITS[ucum].dimension != "volume":
        raise InputError(
            ErrorCode.UNKNOWN_UNIT,
            f"{unit!r} is not a unit of volume.",
            "Map the unit after review.",
        )
    if amount < 0:
        raise InputError(
            ErrorCode.IMPOSSIBLE_VALUE,
            "A volume is negative.",
            "Correct it at the source.",
        )
    volume = convert(amount, from_unit=ucum, to_unit="mL")
    return volume, (Flag.IMPLAUSIBLE,) if volume > _PLAUSIBLE_ML else ()
