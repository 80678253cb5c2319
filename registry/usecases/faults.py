"""What can go wrong with a transaction, as far as it decides what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Where the fault lies."""

    AWAY = "away"
    """Around it: the database is gone, busy or full. The same batch may succeed later."""
    RACE = "race"
    """Somebody else was faster, or is about to write what it refers to; a second try
    sees what they did."""
    DATA = "data"
    """In what was to be written; it will never be taken."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A fault, and the words for it; never a value of what was to be written."""

    fault: Fault
    told: str
