"""Quantities, times and windows as a clinician says them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from streams.vocabulary.quantities import Comparison, write_duration
from streams.vocabulary.windows import Anchor, Backward, Windowed


ANCHORS: dict[Anchor, str] = {
    "entry.happened_at": "what opened the screening happened",
    "entry.known_at": "what opened the screening was known",
    "onset.happened_at": "the onset of sepsis happened",
    "onset.known_at": "the onset of sepsis was known",
    "hospital.happened_at": "the patient came to hospital",
    "hospital.known_at": "it was known that the patient came to hospital",
    "icu.happened_at": "the first intensive care of the stay began",
    "icu.known_at": "it was known that the first intensive care of the stay began",
    "vasopressor.happened_at": "the first vasopressor of the stay began",
    "vasopressor.known_at": "it was known that the first vasopressor of the stay began",
    "ventilation.happened_at": "the first ventilation of the stay began",
    "ventilation.known_at": "it was known that the first ventilation of the stay began",
    "culture.happened_at": "the index culture was collected",
    "culture.known_at": "the report of the index culture was known",
}
"""Each anchor as a clause; they differ by their clock."""

_OPERATORS = {">": "above", ">=": "at least", "<": "below", "<=": "at most"}
_UNITS = {
    "a": "years",
    "Cel": "°C",
    "mm[Hg]": "mmHg",
    "ug/kg/min": "µg/kg/min",
    "{score}": "points",
    "{dose}": "doses",
    "d": "days",
}


def compared(comparison: Comparison) -> str:
    """`at least 18 years`."""
    unit = _UNITS.get(comparison.unit, comparison.unit)
    spaced = "" if unit == "%" else " "
    return f"{_OPERATORS[comparison.operator]} {comparison.value:g}{spaced}{unit}"


def lasting(length: timedelta) -> str:
    """`24 h`; whole days from the third on."""
    days = length / timedelta(days=1)
    return (
        f"{days:g} days" if days >= 3 and days.is_integer() else write_duration(length)
    )


def window(rule: Backward) -> str:
    """`in the last 24 h`, `since the onset of sepsis was known`; empty without one."""
    parts = []
    if rule.within is not None:
        parts.append(f"in the last {lasting(rule.within)}")
    if rule.since is not None:
        parts.append(f"since {ANCHORS[rule.since]}")
    if isinstance(rule, Windowed) and rule.around is not None:
        parts.append(_around(rule, ANCHORS[rule.around]))
    return " and ".join(parts)


def joined(words: Iterable[str], last: str = "or") -> str:
    """`a, b or c`, with underscores as blanks."""
    told = [word.replace("_", " ") for word in words]
    if len(told) < 2:
        return "".join(told)
    return f"{', '.join(told[:-1])} {last} {told[-1]}"


def _around(rule: Windowed, clause: str) -> str:
    begins = _offset(rule.from_, clause)
    if rule.to is None:
        return f"from {begins} up to now"
    return f"from {begins} up to {_offset(rule.to, clause)}"


def _offset(offset: timedelta | None, clause: str) -> str:
    if not offset:
        return f"when {clause}"
    side = "before" if offset < timedelta(0) else "after"
    return f"{lasting(abs(offset))} {side} {clause}"
