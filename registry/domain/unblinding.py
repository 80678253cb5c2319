"""Emergency unblinding: one participant, one domain, and never undone.

Reference: ICH E6(R3) 4.1.4 (unplanned unblinding is documented and assessed).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from registry.domain.delegation import Delegation, Duty


_MAY = frozenset(
    {"investigator", *(Duty.UNBLIND, Duty.PRESCRIBE, Duty.SIGN_ELIGIBILITY)}
)
"""Who treats, or answers for who treats: nobody else needs the arm at night."""

NOT_SHOWN = "nothing"
"""How somebody showed who they are where the signer has no file of signers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unblinding:
    """The blind of one participant was broken; the arm is no part of it."""

    unblinding_id: str
    site: str
    trial: str
    domain: str
    participant: str
    randomisation_id: str
    number: int
    """Of those of this participant in this domain, from 1."""
    reason: str
    actor: str
    """To whom the arm was told."""
    authenticated_by: str
    """How they showed that it is them: `password`, or `nothing`."""
    sponsor_told: bool
    """Whether the sponsor knew before; the notice goes out either way."""
    at: datetime


def may_unblind(capacity: str) -> bool:
    """Whether a role, or a duty of the delegation log, covers breaking a blind."""
    return capacity in _MAY


def is_delegated_to_unblind(
    log: Iterable[Delegation], person: str, at: datetime
) -> bool:
    """Whether any entry gives this person such a duty at that moment."""
    return any(
        may_unblind(duty)
        for entry in log
        if entry.person == person
        for duty in entry.duties
        if entry.holds(duty, at)
    )
