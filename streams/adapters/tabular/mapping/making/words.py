"""Words of closed sets, as a mapping must give them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from streams.adapters.tabular.mapping.line import Line
from streams.vocabulary.errors import ErrorCode


WordT = TypeVar("WordT", bound=str)


def one_of(told: str, words: Iterable[WordT], line: Line, field: str) -> WordT | None:
    """The word as Ember has it; None for nothing, EMB-140 for any other."""
    if not told:
        return None
    allowed = tuple(words)
    found = next((word for word in allowed if word == told.lower()), None)
    if found is None:
        line.reject(
            ErrorCode.UNKNOWN_WORD,
            None,
            f"What the mapping gives for {field} is none of {', '.join(allowed)}.",
            "Give the cell `words`.",
        )
    return found


def needed(told: str, words: tuple[WordT, ...], line: Line, field: str) -> WordT:
    """The word; EMB-108 for none, and the first of all until the fact is dropped."""
    found = one_of(told, words, line, field)
    if found is None:
        line.reject(
            ErrorCode.MISSING_VALUE,
            None,
            f"Nothing says the {field}.",
            "The fact says nothing without it.",
        )
        return words[0]
    return found
