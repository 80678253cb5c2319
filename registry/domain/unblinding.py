"""Emergency unblinding: one participant, one domain, and never undone.

Reference: ICH E6(R3) 4.1.4 (unplanned unblinding is documented and assessed).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from registry.domain.audit import canonical, sha256
from registry.domain.delegation import Delegation, Duty


_MAY = frozenset(
    {"investigator", *(Duty.UNBLIND, Duty.PRESCRIBE, Duty.SIGN_ELIGIBILITY)}
)
"""Who treats, or answers for who treats: nobody else needs the arm at night."""

NOT_SHOWN = "nothing"
"""How somebody showed who they are where the signer has no file of signers."""


class UnblindingReason(StrEnum):
    """Why a blind was broken, in a word that names no arm, whoever reads it."""

    TREATMENT = "treatment"
    SUSAR = "susar"
    OVERDOSE = "overdose"
    DEMAND = "demand"
    OTHER = "other"


REASONS: Mapping[UnblindingReason, str] = MappingProxyType(
    {
        UnblindingReason.TREATMENT: "what to do now depends on the arm",
        UnblindingReason.SUSAR: "a suspected unexpected serious reaction is reported",
        UnblindingReason.OVERDOSE: "too much was taken, or by whom it was not meant",
        UnblindingReason.DEMAND: "the participant or an authority demands it",
        UnblindingReason.OTHER: "none of these; a note tells what",
    }
)
"""The closed list, each in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnblindingNote:
    """Why, in somebody's own words: they may name an arm."""

    words: str = field(repr=False)
    nonce: str = field(repr=False)
    """64 hexadecimal digits that hide the words in their digest; empty of words that
    were the reason itself, before there were codes."""

    def digest(self, unblinding_id: str) -> str:
        """What the audit remembers of the words."""
        return sha256(canonical([unblinding_id, self.nonce, self.words]))


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
    reason: UnblindingReason
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
