"""What every event has in common: its identity, its two clocks, what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from streams.vocabulary.clock import Instant


Comparator = Literal["<", "<=", ">", ">="]
"""What stands before a censored result: `>1650` is an interval, not a number."""


class Flag(StrEnum):
    """What is odd about a fact that was kept."""

    IMPLAUSIBLE = "implausible"
    """Outside the range other projects reject by; possible in the sickest."""
    FUTURE = "future"
    """Happened later than it was known."""
    STOP_BEFORE_START = "stop_before_start"
    """Its end lies before its start."""
    DATE_ONLY = "date_only"
    """The source gives a date; the time of day is not known."""
    LAG_UNMEASURABLE = "lag_unmeasurable"
    """The source does not tell when the fact became known; a rule stands in."""
    GARBLED_STORETIME = "garbled_storetime"
    """The source's filing time could not be read; a rule stands in."""
    UNMAPPED = "unmapped"
    """The local code or drug name is in no map; kept as sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What all events have in common."""

    event_id: str
    happened_at: Instant
    known_at: Instant
    version: int = 0
    """The source's version of this fact; the highest wins."""
    encounter: str | None = None
    """The hospital stay (visit, admission) it belongs to, where the source says so."""
    stay: str | None = None
    """The stay in one unit (an ICU stay) it belongs to, where the source says so."""
    origin: str | None = None
    """After a merge: the patient it was first filed under."""
    flags: tuple[Flag, ...] = ()
