"""What any rule answers, in one shape: a score, a definition, a label or a value.

What a field does not apply to is None or empty; what is not known is None or UNKNOWN,
and `missing` names what would have to be on record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from streams.vocabulary.messages import Component
from streams.vocabulary.truth import Truth3


Status = Literal["provisional", "confirmed", "withdrawn"]
"""Of what rests on the future: a window still open, a stay not over."""

Cell = str | int | float | date | datetime | None
"""One value as tables and pages show it; None is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One named value of a rule: a dose, a distance, a covariate, a marker's state."""

    name: str
    value: Cell
    """None where it is not one value."""
    unit: str | None = None
    """UCUM; None where it has none."""
    low: float | None = None
    high: float | None = None
    """Both ends of a value that is an interval; None: no bound."""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """One stay, culture or presentation held against a definition."""

    encounter: str | None
    """The hospital stay; None where the source names none."""
    stay: str | None
    """The ICU stay, where the definition is told by one."""
    met: Truth3
    onset: datetime | date | None
    """By the policy's convention; a date where the definition counts in days."""
    status: Status
    final_at: datetime | None
    """From then on time alone changes nothing; None while that cannot be said."""
    values: tuple[Cell, ...]
    """The definition's own columns, in the order of the rule's `columns`."""
    components: tuple[Component, ...] = ()
    evidence: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    made_for: bool = True
    """False where the record rules out that the definition was made for this patient
    (Phoenix, for a grown one); such an episode is FALSE, and no table has a row of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one rule says of one patient at one moment, under one policy."""

    rule: str
    policy: str
    at: datetime
    truth: Truth3 | None = None
    """Of a criterion; None where the rule is none."""
    label: str | None = None
    """Of a phenotype, a stratum, a state; None where nothing can be told."""
    total: float | None = None
    """What the facts establish; None where nothing is known."""
    lower: float | None = None
    upper: float | None = None
    """The least and the most it can be, given what is missing; None: no bound."""
    unit: str | None = None
    """UCUM, of `total` and its bounds; None for points."""
    components: tuple[Component, ...] = ()
    features: tuple[Feature, ...] = ()
    episodes: tuple[Episode, ...] = ()
    """Of a definition: each on its own."""
    status: Status | None = None
    final_at: datetime | None = None
    evidence: tuple[str, ...] = ()
    """Ids of the events that decided it."""
    missing: tuple[str, ...] = ()
    """Inputs of which nothing that counts was seen, or nothing that tells."""
    said: tuple[str, ...] = ()
    """Why it says no more, in words."""
