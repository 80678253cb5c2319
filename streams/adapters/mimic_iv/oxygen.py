"""Inspired oxygen as people write it: a fraction, a percentage, or neither."""

from __future__ import annotations

from streams.adapters.mimic_iv.quantities import IMPLAUSIBLE, judged
from streams.adapters.tabular.cells import Row
from streams.vocabulary.concepts import Concept
from streams.vocabulary.facts import Flag


def oxygen_percent(
    row: Row, column: str, measure: Concept, written: float
) -> tuple[float | None, tuple[Flag, ...]]:
    """The percentage meant, None where the number can be neither, and what is odd.

    Leaves a fault (EMB-106) on what is negative or above 100.
    The limits are those of mimic-code's `ventilator_setting` (MIT): below air's 20 %
    a number is a litre flow or a slip, and nobody can say which.
    """
    flags = judged(row, column, measure, written)
    if 0.2 < written <= 1.0:
        return written * 100.0, ()
    return (written, flags) if written >= 20.0 else (None, IMPLAUSIBLE)
