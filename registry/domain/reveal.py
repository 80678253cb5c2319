"""When an arm that was drawn and told to nobody is told.

A domain whose reveal is deferred draws before its eligibility is confirmed; the arm is
told once it is.  Where it never is, the arm stays hidden for ever, and that is a state.

Reference: REMAP-CAP's open-label domains, deferred reveal (PMC7328186).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.enrolment import Gate, Obstacle
from streams.vocabulary.errors import ErrorCode


_CONFIRMED_BY = frozenset(
    {
        ErrorCode.NO_CONSENT,
        ErrorCode.DECLINED,
        ErrorCode.RECONSENT_DUE,
        ErrorCode.NOT_ELIGIBLE,
        ErrorCode.HUMAN_ANSWER_MISSING,
        ErrorCode.NOT_SIGNED,
        ErrorCode.NOT_DELEGATED,
        ErrorCode.UNKNOWN_SCREENING,
    }
)
"""What has to be settled; windows, pauses and stock are matters of the draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """One arm was told from this moment on; only ever appended, never taken back."""

    randomisation_id: str
    trial: str
    site: str
    domain: str
    participant: str
    reason: str | None
    actor: str
    at: datetime


def stands_against(gate: Gate) -> tuple[Obstacle, ...]:
    """What keeps an arm hidden, of a gate that confirms what a draw may leave open."""
    return tuple(one for one in gate.obstacles if one.code in _CONFIRMED_BY)
