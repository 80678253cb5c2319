"""One organ's dysfunction around a blood culture."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


DysfunctionName = Literal[
    "vasopressor", "ventilation", "renal", "liver", "coagulation", "lactate"
]

OnsetType = Literal["community", "hospital"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dysfunction:
    """The first day in the window on which one criterion holds."""

    name: DysfunctionName
    day: date
    at: datetime
    """The observation on that day that meets it."""
    evident_at: datetime
    """When it could first be said: a baseline seen later makes an old value count."""
    evidence: tuple[str, ...]
    """Event ids: the observation, and the baseline it is held against."""
    value: float | None = None
    baseline: float | None = None
    """Both in the concept's canonical unit; None where nothing is measured."""
    detail: str = ""
    """The drug or the concept."""
