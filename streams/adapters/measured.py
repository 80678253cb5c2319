"""A result in its concept's own unit, judged by the concept's bounds.

Outside `possible` it is refused; outside `plausible` it is kept and flagged, because
the sickest and the smallest patients are there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from streams.adapters.values import Reported
from streams.vocabulary.concepts import Concept
from streams.vocabulary.errors import ErrorCode, InputError
from streams.vocabulary.facts import Comparator, Flag


_UNITLESS = {"1", "[pH]", "{score}"}
"""Canonical units that nobody writes."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A number in the canonical unit, or none, and what is odd about it."""

    value: float | None
    comparator: Comparator | None = None
    upper: float | None = None
    flags: tuple[Flag, ...] = ()
    sent_unit: str | None = None
    """As the source wrote it, where the conversion changed anything."""


def measured(
    concept: Concept,
    reported: Reported,
    written_unit: str | None,
    *,
    aliases: Mapping[str, str],
) -> Measured:
    """The result in the concept's unit; `aliases` are the site's own unit names.

    Raises `InputError` EMB-107 for a unit that is missing, unknown or of another
    dimension, EMB-106 for what no living patient has.
    """
    if reported.value is None or reported.titre:
        return Measured(None)
    unit = _unit(concept, written_unit, aliases)
    if concept.name == "fio2":
        return _oxygen(concept, reported, reported.value, unit)
    value = concept.in_canonical_unit(reported.value, unit)
    upper = reported.upper and concept.in_canonical_unit(reported.upper, unit)
    for end in (value, upper):
        if end is not None and not concept.possible.holds(end):
            raise _impossible(concept, end)
    return Measured(
        value,
        reported.comparator,
        upper,
        () if concept.plausible.holds(value) else (Flag.IMPLAUSIBLE,),
        unit if value != reported.value else None,
    )


def _unit(concept: Concept, written: str | None, aliases: Mapping[str, str]) -> str:
    unit = (written or "").strip()
    if unit:
        return aliases.get(unit, unit)
    if concept.unit in _UNITLESS:
        return concept.unit
    raise InputError(
        ErrorCode.UNKNOWN_UNIT,
        f"A result of {concept.name} has no unit.",
        "Give the code a unit in the site's map.",
    )


def _oxygen(
    concept: Concept, reported: Reported, written: float, unit: str
) -> Measured:
    """Inspired oxygen, which people write as a fraction and as a percentage.

    Below air's 20 % a number is a litre flow or a slip, and nobody can say which
    (mimic-code's `ventilator_setting`, MIT).
    """
    if 0.2 < written <= 1.0:
        return Measured(written * 100.0, reported.comparator)
    value = concept.in_canonical_unit(written, unit)
    if not concept.possible.holds(value):
        raise _impossible(concept, value)
    if value < 20.0:
        return Measured(None, flags=(Flag.IMPLAUSIBLE,), sent_unit=unit)
    odd = () if concept.plausible.holds(value) else (Flag.IMPLAUSIBLE,)
    return Measured(value, reported.comparator, None, odd)


def _impossible(concept: Concept, value: float) -> InputError:
    return InputError(
        ErrorCode.IMPOSSIBLE_VALUE,
        f"{concept.name} of {value:g} {concept.unit} is physically impossible.",
        "Correct it at the source.",
    )
