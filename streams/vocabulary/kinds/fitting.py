"""What a rule is held against when it is read: units, drugs, the concept dictionary."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from streams.vocabulary.concepts import concept, concepts
from streams.vocabulary.drugs import drugs
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.quantities import Comparison, protocol_fault
from streams.vocabulary.units import UNITS


@cache
def threshold(name: str, comparison: Comparison) -> float:
    """The compared number in the concept's unit.

    Raises `InputError` EMB-107 where the unit does not fit the concept.
    """
    return concept(name).in_canonical_unit(comparison.value, comparison.unit)


@cache
def difference(name: str, comparison: Comparison) -> float:
    """The compared difference of two values, in the concept's unit.

    A difference has no zero of its own: 1 K is 1 °C of fever.
    """
    of = concept(name).in_canonical_unit
    return of(comparison.value, comparison.unit) - of(0.0, comparison.unit)


@cache
def ingredients(names: tuple[str, ...]) -> frozenset[str]:
    """The drugs that these names and classes stand for."""
    return frozenset(
        d.name for d in drugs().values() if d.name in names or d.drug_class in names
    )


def expect_concept(name: str) -> None:
    """Refuse a concept that the dictionary does not have."""
    if name not in concepts():
        raise protocol_fault(
            ErrorCode.PROTOCOL_UNKNOWN_CONCEPT,
            f"there is no concept {name!r} in the dictionary",
        )


def expect_comparable(name: str, comparison: Comparison) -> None:
    """Refuse a comparison that cannot be one of this concept's values."""
    expect_concept(name)
    try:
        threshold(name, comparison)
    except InputError as fault:
        raise protocol_fault(
            ErrorCode.PROTOCOL_UNIT,
            f"{name} cannot be compared with '{comparison}': {fault.problem}",
        ) from None


def expect_drugs(names: Iterable[str]) -> None:
    """Refuse a drug or class that the table does not have."""
    known = {d.name for d in drugs().values()} | {
        d.drug_class for d in drugs().values()
    }
    for name in names:
        if name not in known:
            raise protocol_fault(
                ErrorCode.PROTOCOL_UNKNOWN_CONCEPT,
                f"there is no drug or class {name!r} in the drug table",
            )


def expect_unit(comparison: Comparison | None, unit: str, what: str) -> None:
    """Refuse another unit than the one in which this is told."""
    if comparison is None or comparison.unit == unit:
        return
    same = UNITS[comparison.unit].dimension == UNITS[unit].dimension
    fits = "; write it in that unit" if same else ""
    raise protocol_fault(
        ErrorCode.PROTOCOL_UNIT,
        f"'{comparison}' is not in {unit}, which is the unit of {what}{fits}",
    )


def refuse(sentence: str) -> Exception:
    """A rule that says nothing, or two things at once."""
    return protocol_fault(ErrorCode.PROTOCOL_INVALID, sentence)
