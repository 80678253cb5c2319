"""What was received held against what was allocated, where the arm may be seen.

Whoever may not see an arm hands none in, and nothing is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from streams.vocabulary.outcomes import Expected


Adherence = Literal["as_allocated", "crossed_over", "departed", "unknown"]
"""`as_allocated`: what the own arm expects. `crossed_over`: not that, but what another
arm expects. `departed`: what no arm expects. `unknown`: what was received is not known,
or nothing is expected of the arm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One participant's arm, and on how many days the treatment was received."""

    arm: str
    days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmReceived:
    """What the participants of one arm received."""

    arm: str
    participants: int
    known: int
    """Of how many it is known what they received."""
    mean_days: float | None
    as_allocated: int
    crossed_over: int
    departed: int


def adherence(one: Received, expected: Sequence[Expected]) -> Adherence:
    """How what was received stands to the arms; the own arm is asked first."""
    own = next((told for told in expected if told.arm == one.arm), None)
    if own is None or one.days is None:
        return "unknown"
    if own.holds(one.days):
        return "as_allocated"
    return "crossed_over" if any(e.holds(one.days) for e in expected) else "departed"


def by_arm(
    received: Iterable[Received], expected: Sequence[Expected]
) -> tuple[ArmReceived, ...]:
    """A row an arm, by name; the difference of their means is the separation."""
    everybody = list(received)
    return tuple(
        _of_arm(arm, [one for one in everybody if one.arm == arm], expected)
        for arm in sorted({one.arm for one in everybody})
    )


def _of_arm(
    arm: str, ones: Sequence[Received], expected: Sequence[Expected]
) -> ArmReceived:
    days = [one.days for one in ones if one.days is not None]
    said = [adherence(one, expected) for one in ones]
    return ArmReceived(
        arm=arm,
        participants=len(ones),
        known=len(days),
        mean_days=fmean(days) if days else None,
        as_allocated=said.count("as_allocated"),
        crossed_over=said.count("crossed_over"),
        departed=said.count("departed"),
    )
