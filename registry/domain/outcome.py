"""How an outcome matures: pending, provisional, final; or missing for good."""

from __future__ import annotations

from enum import StrEnum


class OutcomeState(StrEnum):
    """Where one outcome of one participant stands."""

    PENDING = "pending"
    """Its day has not come."""
    PROVISIONAL = "provisional"
    """Told by what is known, and may still change."""
    FINAL = "final"
    """Determined; a later change is a correction."""
    MISSING = "missing"
    """Its day is over and nobody knows."""


def is_correction(before: OutcomeState | None, after: OutcomeState) -> bool:
    """Whether a revision speaks against a final one and so needs a reason."""
    return before is OutcomeState.FINAL and after is not OutcomeState.PENDING
