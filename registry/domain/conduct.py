"""What people say of a trial's conduct: judged outcomes, and deviations.

What the record tells of an outcome is never overwritten: a human's value stands beside
it, with who said so, when and why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Literal

from streams.vocabulary.messages import OutcomeStatus
from streams.vocabulary.outcome_values import YES_OR_NO, Values


JudgedAs = Literal["adjudicated", "corrected", "taken_back"]
"""`adjudicated`: by a person or committee who weighed the evidence. `corrected`: what
was final was wrong, by knowledge that the record does not hold. `taken_back`: what a
human had said stands no more, and the derived value does."""

DeviationKind = Literal[
    "eligibility",
    "consent",
    "allocation",
    "treatment",
    "assessment",
    "safety_reporting",
    "other",
]
"""What was not done as the protocol says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedOutcome:
    """One revision of what a human says of one outcome."""

    judgement_id: str
    outcome_id: str
    site: str
    trial: str
    outcome: str
    number: int
    """Of the judgement of this outcome, from 1; the highest stands."""
    of_revision: int
    """The derived revision that was judged."""
    judged_as: JudgedAs
    value: float | None
    """None: it cannot be determined, or what was said is taken back."""
    reason: str
    actor: str
    decided_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One departure from the protocol, as it was recorded."""

    deviation_id: str
    site: str
    trial: str
    participant: str
    domain: str
    """Empty where it concerns the trial as a whole."""
    number: int
    """Of the participant's deviations, from 1."""
    kind: DeviationKind
    important: bool
    """Whether it may affect rights, safety or the reliability of the result."""
    happened_at: datetime
    description: str
    """In words that name no person; in a blinded domain, no arm either."""
    actor: str
    recorded_at: datetime


def step_fault(
    judged_as: JudgedAs, status: OutcomeStatus, *, judged_before: bool
) -> str | None:
    """Why an outcome of that status cannot be judged so; None where it can."""
    if judged_as == "taken_back":
        return None if judged_before else "nothing_to_take_back"
    if status == "pending":
        return "not_matured"
    if judged_as == "corrected" and status != "final":
        return "not_final"
    return None


def value_fault(value: float | None, values: Values | None) -> tuple[str, str] | None:
    """Why that can be no value of the outcome, and what can; None where it can.

    Of an outcome whose values are not known, every number can.
    """
    if value is None:
        return None
    if not isfinite(value):
        return "no_number", ""
    if values is None or values.hold(value):
        return None
    name = "neither_0_nor_1" if values == YES_OR_NO else "no_such_value"
    return name, values.in_words
