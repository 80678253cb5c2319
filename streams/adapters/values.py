"""Results as laboratories write them: numbers, bounds, ranges, titres, words.

What cannot be told apart with certainty (`1,500`: a thousand and a half, or one and a
half?) has no number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from streams.vocabulary.facts import Comparator


@dataclass(frozen=True, slots=True)
class Reported:
    """One result; all of it is None or empty where nothing could be read."""

    value: float | None = None
    comparator: Comparator | None = None
    upper: float | None = None
    """The other end of a range; `value` is the lower end."""
    titre: bool = False
    """Whether `value` is the denominator of a dilution (`1:40`)."""
    word: str | None = None
    """One of `WORDS`; any other text is left behind: it may name a person."""


WORDS = {
    "positive": "POSITIVE",
    "pos": "POSITIVE",
    "+": "POSITIVE",
    "reactive": "POSITIVE",
    "detected": "DETECTED",
    "present": "DETECTED",
    "negative": "NEGATIVE",
    "neg": "NEGATIVE",
    "-": "NEGATIVE",
    "nonreactive": "NEGATIVE",
    "non-reactive": "NEGATIVE",
    "not detected": "NOT DETECTED",
    "none detected": "NOT DETECTED",
    "absent": "NOT DETECTED",
    "indeterminate": "INDETERMINATE",
    "equivocal": "INDETERMINATE",
    "inconclusive": "INDETERMINATE",
    "invalid": "INVALID",
    "trace": "TRACE",
    "normal": "NORMAL",
    "abnormal": "ABNORMAL",
    "pending": "PENDING",
    "hemolyzed": "HAEMOLYSED",
    "haemolysed": "HAEMOLYSED",
    "clotted": "CLOTTED",
}
"""Qualitative results that pass, and the one word each becomes."""

_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,2})?"
COMPARATORS: dict[str, Comparator] = {
    "<": "<",
    "<=": "<=",
    "=<": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "=>": ">=",
    "≥": ">=",
}
"""How bounds are written, and what each is."""
_PLAIN = re.compile(rf"\s*(<=|>=|=<|=>|<|>|≤|≥)?\s*({_NUMBER})\.?\s*")
_RANGE = re.compile(
    rf"\s*({_NUMBER})\s*(?:-|\u2013|to)\s*({_NUMBER})\s*", re.IGNORECASE
)
_TITRE = re.compile(r"\s*(<=|>=|<|>|≤|≥)?\s*1\s*:\s*(\d+)\s*")
_LONGEST = 64
"""Characters; a longer text is no number."""

NOTHING = Reported()


def read_result(text: str) -> Reported:
    """What the text says; `NOTHING` where it is neither number nor known word."""
    if len(text) > _LONGEST:
        return NOTHING
    if found := _PLAIN.fullmatch(text):
        value = float(found[2])
        return Reported(value, COMPARATORS[found[1]] if found[1] else None)
    if found := _TITRE.fullmatch(text):
        comparator = COMPARATORS[found[1]] if found[1] else None
        return Reported(float(found[2]), comparator, titre=True)
    if found := _RANGE.fullmatch(text):
        low, high = float(found[1]), float(found[2])
        return Reported(low, upper=high) if low <= high else NOTHING
    return Reported(word=WORDS.get(text.strip().rstrip(".").lower()))
