"""Sign, as an investigator, that a patient is eligible."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.delegation import (
    Duty,
    EligibilitySignature,
    is_delegated,
    what_is_signed,
)
from registry.domain.enrolment import Obstacle, status_with_answers
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_answer import valid_answers
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity, screening_identity
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True, kw_only=True)
class SignEligibility:
    """Who signs, of whom."""

    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    actor: str
    """The signer, as the delegation log names them."""
    at: datetime

    @property
    def screening_id(self) -> str:
        """The screening that is signed."""
        return screening_identity(
            site=self.site,
            patient=self.patient,
            trial=self.trial,
            domain=self.domain,
            episode=self.episode,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EligibilitySigned:
    """The signature, bound to what was signed."""

    signature: EligibilitySignature


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRefused:
    """Nothing was signed."""

    obstacle: Obstacle


def sign_eligibility(
    command: SignEligibility, uow: UnitOfWork
) -> EligibilitySigned | SigningRefused:
    """Append a signature; only who is delegated now may sign, and only the eligible."""
    uow.audit.lock(site=command.site, trial=command.trial)
    screening = uow.screenings.latest(command.screening_id)
    if screening is None:
        return _refused(ErrorCode.UNKNOWN_SCREENING, "not_screened")
    log = uow.delegations.latest(trial=command.trial, site=command.site)
    if not is_delegated(log, command.actor, Duty.SIGN_ELIGIBILITY, command.at):
        return _refused(ErrorCode.NOT_DELEGATED, "not_delegated", command.actor)
    answers = valid_answers(screening, uow, at=command.at)
    status = status_with_answers(screening, answers)
    if status != "eligible":
        return _refused(ErrorCode.NOT_ELIGIBLE, "not_eligible", status)
    signed = what_is_signed(screening, answers)
    signature = _signature(command, screening, signed, uow)
    uow.signatures.add(signature)
    uow.audit.append(_entry(signature))
    return EligibilitySigned(signature=signature)


def _signature(
    command: SignEligibility, screening: TrialScreening, signed: str, uow: UnitOfWork
) -> EligibilitySignature:
    before = uow.signatures.latest(screening.screening_id)
    number = 1 if before is None else before.number + 1
    return EligibilitySignature(
        signature_id=identity("signature", screening.screening_id, str(number)),
        screening_id=screening.screening_id,
        number=number,
        site=command.site,
        trial=command.trial,
        screening_revision=screening.revision,
        protocol_hash=screening.protocol_hash,
        signed=signed,
        signer=command.actor,
        signed_at=command.at,
    )


def _refused(code: ErrorCode, name: str, told: str = "") -> SigningRefused:
    return SigningRefused(obstacle=Obstacle(code, name, told))


def _entry(signature: EligibilitySignature) -> AuditEntry:
    return AuditEntry(
        site=signature.site,
        trial=signature.trial,
        action=AuditAction.ELIGIBILITY_SIGNED,
        actor=signature.signer,
        at=signature.signed_at,
        subject=signature.signature_id,
        detail={
            "record": record_digest(signature),
            "screening": signature.screening_id,
            "screening_revision": signature.screening_revision,
            "signed": signature.signed,
        },
    )
