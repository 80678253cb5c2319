"""Which values an outcome can have: what a human may say of it.

Each range and step follows from the rule by which the outcome is derived, so nobody
judges what could never be derived.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from streams.vocabulary.outcomes import (
    NAMED,
    OutcomeRule,
    SofaChange,
    SupportFreeDays,
    TreatmentReceived,
    WrittenOut,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """From the least to the most, both included, in the outcome's own unit."""

    least: float
    most: float
    whole: bool = True
    """False: fractions, too."""
    besides: float | None = None
    """One value outside: what a death makes of the days."""

    def hold(self, value: float) -> bool:
        """Whether that can be a value."""
        if value == self.besides:
            return True
        inside = self.least <= value <= self.most
        return inside and (not self.whole or value == int(value))

    @property
    def in_words(self) -> str:
        """As a person is told."""
        kind = "a whole number" if self.whole else "a number"
        other = "" if self.besides is None else f", or {self.besides:g}"
        return f"{kind} from {self.least:g} to {self.most:g}{other}"


YES_OR_NO = Values(least=0, most=1)
"""Whether something happened."""

_YES_OR_NO = frozenset(
    {"mortality", "hospital_mortality", "kidney_events", "secondary_infection"}
)
_MOST_POINTS = 24
"""SOFA: six organs at their worst."""
_RULE: TypeAdapter[OutcomeRule] = TypeAdapter(WrittenOut)
_CHOICES: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def values_of(outcome: str, definition: str | None) -> Values | None:
    """Those of an outcome by its name and the definition it was derived by.

    Without a definition, by its name; None where that names no rule, or the definition
    is of a rule this version does not know.
    """
    if definition is None:
        rule = next((one for name, one in NAMED.items() if name == outcome), None)
        return None if rule is None else values_by(rule)
    kind, _, chosen = definition.partition(" ")
    if kind in _YES_OR_NO:
        return YES_OR_NO
    try:
        told = _CHOICES.validate_json(chosen)
        return values_by(_RULE.validate_python({"kind": kind, "id": outcome, **told}))
    except ValueError:
        return None


def values_by(rule: OutcomeRule) -> Values:
    """Those that this rule can give."""
    match rule:
        case SupportFreeDays():
            return Values(
                least=0,
                most=rule.horizon,
                whole=rule.count == "whole",
                besides=-1 if rule.if_dead == "minus_one" else None,
            )
        case TreatmentReceived():
            return Values(least=0, most=rule.within)
        case SofaChange():
            return Values(least=-_MOST_POINTS, most=_MOST_POINTS)
        case _:
            return YES_OR_NO
