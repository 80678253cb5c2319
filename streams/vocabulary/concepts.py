"""The concept dictionary: what can be measured, in which unit, within which bounds.

Concepts are data (`concepts.csv`), not branches.
Two kinds of bound are kept apart: outside `possible` a value is rejected,
outside `plausible` it is kept and flagged, because the sickest and the smallest
patients are there.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from streams.vocabulary.codes import Code, parse_code
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.units import UNITS, canonical_unit, convert


@dataclass(frozen=True, slots=True)
class Bounds:
    """A closed range; an end that is None is open."""

    low: float | None
    high: float | None

    def holds(self, value: float) -> bool:
        """Whether `value` lies within, ends included."""
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that can be observed, and how Ember keeps it."""

    name: str
    category: str
    unit: str
    codes: tuple[Code, ...]
    possible: Bounds
    plausible: Bounds
    substance_unit: str | None
    """A unit of another dimension this substance is also reported in."""
    substance_factor: float | None
    """canonical value times this = value in `substance_unit`."""

    def in_canonical_unit(self, value: float, written_unit: str) -> float:
        """`value` as written by a site, in this concept's unit.

        Raises `InputError` EMB-107 where the unit is unknown or cannot be converted:
        such a value goes to review, it is never guessed.
        """
        ucum = canonical_unit(written_unit)
        if ucum == self.unit:
            return value
        if ucum is None:
            raise InputError(
                ErrorCode.UNKNOWN_UNIT,
                f"The unit {written_unit!r} of {self.name} is not known.",
                f"Map it to UCUM, or send {self.unit}.",
            )
        if self.substance_unit is not None and self.substance_factor is not None:
            same = UNITS[ucum].dimension == UNITS[self.substance_unit].dimension
            if same and UNITS[self.unit].dimension != UNITS[ucum].dimension:
                amount = convert(value, from_unit=ucum, to_unit=self.substance_unit)
                return amount / self.substance_factor
        return convert(value, from_unit=ucum, to_unit=self.unit)


@cache
def concepts() -> dict[str, Concept]:
    """All concepts by name; read once, never changed."""
    text = files("streams.vocabulary").joinpath("concepts.csv").read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["concept"]: _concept(row) for row in rows}


@cache
def concept_of_code() -> dict[str, str]:
    """Concept name by `system|code`."""
    return {str(code): c.name for c in concepts().values() for code in c.codes}


def concept(name: str) -> Concept:
    """The concept of that name; raises `InputError` EMB-112 for an unknown one."""
    found = concepts().get(name)
    if found is None:
        raise InputError(
            ErrorCode.MALFORMED_CODE,
            f"There is no concept {name!r}.",
            "See `ember concepts` for the names.",
        )
    return found


def _concept(row: dict[str, str]) -> Concept:
    return Concept(
        name=row["concept"],
        category=row["category"],
        unit=row["unit"],
        codes=tuple(parse_code(code) for code in row["codes"].split(";")),
        possible=Bounds(_number(row["possible_low"]), _number(row["possible_high"])),
        plausible=Bounds(_number(row["plausible_low"]), _number(row["plausible_high"])),
        substance_unit=row["substance_unit"] or None,
        substance_factor=_number(row["substance_factor"]),
    )


def _number(text: str) -> float | None:
    return float(text) if text else None
