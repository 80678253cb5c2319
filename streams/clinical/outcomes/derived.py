"""What an outcome is at one moment, and the few ways to say it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from streams.clinical.vital_status import Dying
from streams.vocabulary.messages import OutcomeStatus


Parts = tuple[tuple[str, float | None], ...]
"""What a value is made of, by name; None: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One outcome at one moment."""

    status: OutcomeStatus
    value: float | None = None
    """In the outcome's own unit (mortality: 1 dead, 0 alive); None where nobody can
    say."""
    lower: float | None = None
    upper: float | None = None
    """Between what the value lies, where only that can be said."""
    determinable_from: datetime | None = None
    """The earliest moment at which the value can be final."""
    reason: str | None = None
    evidence: tuple[str, ...] = ()
    parts: Parts = ()
    due: datetime | None = None
    """When time alone changes it."""


def pending(until: datetime) -> Derived:
    """Nothing can be said before that moment."""
    return Derived(status="pending", determinable_from=until, due=until)


def missing(reason: str, evidence: tuple[str, ...] = ()) -> Derived:
    """Nobody can say, and why."""
    return Derived(status="missing", reason=reason, evidence=evidence)


def by_death(value: float, dying: Dying, *, determinable_from: datetime) -> Derived:
    """Final because of a death, whose time may be disputed.

    Where somebody found the patient alive later, one of the two is wrong: the reason
    says so, and which is for a human to judge.
    """
    return Derived(
        status="final",
        value=value,
        determinable_from=determinable_from,
        reason=_doubt(value, dying),
        evidence=dying.evidence,
    )


def _doubt(value: float, dying: Dying) -> str | None:
    if value == 1 and dying.alive_later:
        return "alive_after_death"
    return "several_times_of_death" if dying.disputed else None
