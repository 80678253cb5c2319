"""Who takes part, what they consented to, and what was signed of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.audit import ADDED
from registry.domain.consent import ConsentBasis, ConsentState, Scope
from streams.vocabulary.messages import Truth
from streams.vocabulary.protocol import Answerer


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One patient in one trial; the code tells nothing of the patient."""

    participant: str
    """The code: trial, site and a running number."""
    trial: str
    site: str
    patient: str
    number: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One revision of one participant's consent."""

    consent_id: str
    participant: str
    revision: int
    state: ConsentState
    basis: ConsentBasis | None
    document_version: str | None
    """Of the information sheet and form that were used."""
    decided_at: datetime
    recorded_at: datetime
    actor: str
    reason: str | None
    deadline: datetime | None = field(default=None, metadata=ADDED)
    """Deferred: by when somebody has to be asked."""
    scopes: tuple[Scope, ...] | None = field(default=None, metadata=ADDED)
    """Withdrawn: what was taken, in order; None takes everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanAnswer:
    """One signed answer to one criterion of one screening; the latest counts.

    Where the machine had decided the criterion, it is an opinion: kept beside the
    verdict to be compared with it, and never counted.
    """

    answer_id: str
    screening_id: str
    screening_revision: int
    """What the signer had before them."""
    protocol_hash: str
    criterion_id: str
    revision: int
    truth: Truth
    reason: str | None
    actor: str
    answered_at: datetime
    answered_as: Answerer | None = field(default=None, metadata=ADDED)
    """In which capacity; None where nobody said."""
    machine_truth: Truth | None = field(default=None, metadata=ADDED)
    """What the machine said in that revision; None where that was not kept."""

    @property
    def is_opinion(self) -> bool:
        """Whether the machine had decided what the human then spoke to."""
        return self.machine_truth in ("TRUE", "FALSE")


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """One revision of a person's no to one trial, or to all research of the house."""

    opt_out_id: str
    site: str
    patient: str
    trial: str
    """Empty: all research."""
    revision: int
    stands: bool
    """False where it was taken back."""
    decided_at: datetime
    recorded_at: datetime
    actor: str
    reason: str | None


def participant_code(trial: str, site: str, number: int) -> str:
    """The code of the n-th participant of a site in a trial."""
    return f"{trial}-{site}-{number:04d}"
