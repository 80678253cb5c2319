"""Who may do what at a site, by the delegation log, and what they signed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from registry.domain.audit import canonical, sha256
from streams.vocabulary.messages import TrialScreening, Truth


class Duty(StrEnum):
    """What a principal investigator delegates."""

    SIGN_ELIGIBILITY = "sign_eligibility"
    """Confirm that a patient is eligible."""
    TAKE_CONSENT = "take_consent"
    """Inform and ask."""
    RANDOMISE = "randomise"
    """Ask for an allocation."""
    PRESCRIBE = "prescribe"
    """Order what the trial gives."""
    RECORD_DATA = "record_data"
    """Enter what the record does not tell."""
    UNBLIND = "unblind"
    """Break the blind of one participant in an emergency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """One revision of one entry of the log; the latest of an entry counts."""

    delegation_id: str
    entry: str
    """Identity of the entry over its revisions."""
    revision: int
    site: str
    trial: str
    person: str
    """As the audit names them where they act."""
    duties: tuple[Duty, ...]
    starts_at: datetime
    ends_at: datetime | None
    """The first moment it holds no more; None while no end is set."""
    recorded_at: datetime
    actor: str
    """By whom it was delegated, or ended."""
    reason: str | None

    def holds(self, duty: Duty, at: datetime) -> bool:
        """Whether it covers this duty at that moment."""
        ended = self.ends_at is not None and at >= self.ends_at
        return duty in self.duties and self.starts_at <= at and not ended


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilitySignature:
    """One signature under one verdict; the latest of a screening counts.

    It means: I confirm that this patient is eligible.
    """

    signature_id: str
    screening_id: str
    number: int
    """Of the signature under this screening, from 1."""
    site: str
    trial: str
    screening_revision: int
    """What the signer had before them."""
    protocol_hash: str
    signed: str
    """SHA-256 of what was signed; see `what_is_signed`."""
    signer: str
    signed_at: datetime


class Signing(StrEnum):
    """How a signature stands at the gate."""

    NOT_ASKED_FOR = "not_asked_for"
    SIGNED = "signed"
    MISSING = "not_signed"
    OUTDATED = "signed_something_else"
    """Verdict, answers or stratum are no longer what was signed."""
    NOT_DELEGATED = "signer_not_delegated"
    """The signer's delegation has ended since."""


def is_delegated(
    log: Iterable[Delegation], person: str, duty: Duty, at: datetime
) -> bool:
    """Whether any entry gives this person that duty at that moment."""
    return any(one.person == person and one.holds(duty, at) for one in log)


def what_is_signed(screening: TrialScreening, answers: Mapping[str, Truth]) -> str:
    """SHA-256 of what decides eligibility: a change of any of it undoes a signature."""
    told = {
        "screening": screening.screening_id,
        "protocol": screening.protocol_hash,
        "status": screening.status,
        "criteria": [[c.criterion_id, c.role, c.truth] for c in screening.criteria],
        "interventions": [[i.intervention, i.status] for i in screening.interventions],
        "answers": [list(pair) for pair in sorted(answers.items())],
        "stratum": [list(pair) for pair in screening.stratum],
    }
    return sha256(canonical(told))


def signing(
    signature: EligibilitySignature | None,
    *,
    signed: str,
    log: Iterable[Delegation],
    at: datetime,
) -> Signing:
    """How the latest signature stands against what would be signed now."""
    if signature is None:
        return Signing.MISSING
    if signature.signed != signed:
        return Signing.OUTDATED
    holds = is_delegated(log, signature.signer, Duty.SIGN_ELIGIBILITY, at)
    return Signing.SIGNED if holds else Signing.NOT_DELEGATED
