"""Record what a patient decided about taking part."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.consent import ConsentBasis, ConsentState, may_become
from registry.domain.enrolment import Obstacle
from registry.domain.participant import Consent, Participant, participant_code
from registry.usecases.act_on_alerts import close_alerts_of
from registry.usecases.declared import lock_with_rivals
from registry.usecases.declined import of_consent, provenance_of, roster_item
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from registry.usecases.tell_alerts import alerts_told, audit_others
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import RosterEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordConsent:
    """One decision, who recorded it, and on what paper."""

    trial: str
    site: str
    patient: str
    episode: str
    """In which it was decided; consent itself is to the trial."""
    state: ConsentState
    basis: ConsentBasis | Literal["written", "verbal", "proxy"] | None = None
    document_version: str | None = None
    decided_at: datetime
    reason: str | None = None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRecorded:
    """What stands from now on."""

    participant: str
    consent_id: str
    revision: int
    state: ConsentState
    roster: RosterEntry | None
    """What the workers hear of it; None where it is none of theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRefused:
    """The step does not exist; nothing changed but the audit."""

    participant: str | None
    obstacle: Obstacle


def record_consent(
    command: RecordConsent, uow: UnitOfWork
) -> ConsentRecorded | ConsentRefused:
    """Append the decision; the first one makes the patient a participant.

    Who refuses or withdraws is called about no more, in this stay or any other, and
    the workers hear of it.
    """
    lock_with_rivals(uow, site=command.site, trial=command.trial)
    known = uow.participants.of(
        trial=command.trial, site=command.site, patient=command.patient
    )
    before = None if known is None else uow.participants.consent(known.participant)
    obstacle = _obstacle(command, before)
    if obstacle is not None:
        uow.audit.append(_rejection(command, known, obstacle))
        return ConsentRefused(
            participant=None if known is None else known.participant,
            obstacle=obstacle,
        )
    participant = known or _new_participant(command, uow)
    consent = _consent(command, participant, before)
    uow.participants.add_consent(consent)
    told = _told_to_workers(command, consent, before, uow)
    steps = audit_others(
        _close_alerts(command, uow, act=consent.consent_id),
        uow,
        trial=command.trial,
        act=consent.consent_id,
        actor=command.actor,
        at=command.at,
    )
    uow.audit.append(_entry(command, consent, steps))
    return ConsentRecorded(
        participant=consent.participant,
        consent_id=consent.consent_id,
        revision=consent.revision,
        state=consent.state,
        roster=told,
    )


def _obstacle(command: RecordConsent, before: Consent | None) -> Obstacle | None:
    current = None if before is None else before.state
    if not may_become(current, command.state):
        told = "not asked" if current is None else current.value
        return Obstacle(
            ErrorCode.CONSENT_STEP, "no_such_step", f"{told} to {command.state}"
        )
    if command.state is ConsentState.GIVEN and command.basis is None:
        return Obstacle(ErrorCode.CONSENT_STEP, "no_basis", "how was it given?")
    if command.decided_at > command.at:
        return Obstacle(ErrorCode.CONSENT_STEP, "decided_in_the_future")
    return None


def _told_to_workers(
    command: RecordConsent, consent: Consent, before: Consent | None, uow: UnitOfWork
) -> RosterEntry | None:
    told = of_consent(
        consent,
        before,
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        provenance=provenance_of(command.site, command.patient, uow),
    )
    if told is not None:
        uow.outbox.add([roster_item(told)])
    return told


def _close_alerts(
    command: RecordConsent, uow: UnitOfWork, *, act: str
) -> tuple[AlertRecord, ...]:
    """Who refuses or withdraws is called about no more."""
    if command.state not in (ConsentState.REFUSED, ConsentState.WITHDRAWN):
        return ()
    return close_alerts_of(
        uow,
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        act=act,
        at=command.at,
    )


def _new_participant(command: RecordConsent, uow: UnitOfWork) -> Participant:
    last = uow.participants.last_number(trial=command.trial, site=command.site)
    participant = Participant(
        participant=participant_code(command.trial, command.site, last + 1),
        trial=command.trial,
        site=command.site,
        patient=command.patient,
        number=last + 1,
        recorded_at=command.at,
    )
    uow.participants.add(participant)
    uow.audit.append(
        _audit(
            command,
            AuditAction.PARTICIPANT_REGISTERED,
            participant.participant,
            {"record": record_digest(participant)},
        )
    )
    return participant


def _consent(
    command: RecordConsent, participant: Participant, before: Consent | None
) -> Consent:
    revision = 1 if before is None else before.revision + 1
    return Consent(
        consent_id=identity("consent", participant.participant, str(revision)),
        participant=participant.participant,
        revision=revision,
        state=command.state,
        basis=None if command.basis is None else ConsentBasis(command.basis),
        document_version=command.document_version,
        decided_at=command.decided_at,
        recorded_at=command.at,
        actor=command.actor,
        reason=command.reason,
    )


def _entry(
    command: RecordConsent, consent: Consent, steps: tuple[AlertRecord, ...]
) -> AuditEntry:
    detail = {
        "record": record_digest(consent),
        "participant": consent.participant,
        "episode": command.episode,
        "revision": consent.revision,
        "state": consent.state.value,
        "basis": None if consent.basis is None else consent.basis.value,
        "document_version": consent.document_version,
        "decided_at": consent.decided_at.isoformat(),
        "reason": consent.reason,
        **alerts_told(steps),
    }
    return _audit(command, AuditAction.CONSENT_RECORDED, consent.consent_id, detail)


def _rejection(
    command: RecordConsent, known: Participant | None, obstacle: Obstacle
) -> AuditEntry:
    subject = "" if known is None else known.participant
    detail = {
        "state": command.state.value,
        "obstacle": obstacle.name,
        "told": obstacle.detail,
    }
    return _audit(command, AuditAction.CONSENT_REJECTED, subject, detail)


def _audit(
    command: RecordConsent, action: AuditAction, subject: str, detail: dict[str, Any]
) -> AuditEntry:
    return AuditEntry(
        site=command.site,
        trial=command.trial,
        action=action,
        actor=command.actor,
        at=command.at,
        subject=subject,
        detail=detail,
    )
