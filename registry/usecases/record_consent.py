"""Record what a patient decided about taking part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.consent import (
    ConsentBasis,
    ConsentState,
    Scope,
    Standing,
    follows,
    taken,
)
from registry.domain.consent_terms import Recorded, Terms, fault, recorded
from registry.domain.enrolment import Obstacle
from registry.domain.participant import Consent, Participant, participant_code
from registry.domain.permits import permits
from registry.domain.reason import is_version
from registry.usecases.act_on_alerts import close_alerts_of
from registry.usecases.consent_stands import terms_of
from registry.usecases.declared import lock_with_rivals
from registry.usecases.declined import of_consent, provenance_of, roster_item, said_no
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
    """How it was given, or who refused it."""
    document_version: str | None = None
    deadline: datetime | None = None
    """Deferred: by when somebody is asked; None leaves it to the protocol."""
    scopes: tuple[Scope | Literal["treatment", "data", "follow_up"], ...] = ()
    """Withdrawn: what was taken; none names everything."""
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
    standing: Standing
    """What all words come to."""
    deadline: datetime | None
    """Deferred: by when somebody is asked."""
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
    words = _words_of(known, uow)
    terms = terms_of(uow, trial=command.trial, site=command.site)
    obstacle = _obstacle(command, words, terms)
    if obstacle is not None:
        uow.audit.append(_rejection(command, known, obstacle))
        return ConsentRefused(
            participant=None if known is None else known.participant,
            obstacle=obstacle,
        )
    command = _as_it_counts(command, words)
    participant = known or _new_participant(command, uow)
    before = words[-1] if words else None
    consent = _consent(command, participant.participant, before, terms)
    had_declined = said_no(words)
    uow.participants.add_consent(consent)
    now = recorded((*words, consent))
    told = _told_to_workers(command, consent, now, uow, had_declined=had_declined)
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
        standing=now.standing,
        deadline=consent.deadline,
        roster=told,
    )


def _words_of(known: Participant | None, uow: UnitOfWork) -> tuple[Consent, ...]:
    return () if known is None else uow.participants.consents_of([known.participant])


def _obstacle(
    command: RecordConsent, words: tuple[Consent, ...], terms: Terms
) -> Obstacle | None:
    if command.decided_at > command.at:
        return Obstacle(ErrorCode.CONSENT_STEP, "decided_in_the_future")
    if not _names_a_document(command.document_version, terms):
        return Obstacle(ErrorCode.CONSENT_STEP, "no_version")
    word = _consent(command, "", None, terms)
    why_not = fault(recorded(words), word, terms)
    return None if why_not is None else Obstacle(ErrorCode.CONSENT_STEP, *why_not)


def _names_a_document(version: str | None, terms: Terms) -> bool:
    """It is exported as it is: one that the protocol names, or a version, no words."""
    named = {one.document for one in terms.renewals}
    return version is None or version in named or is_version(version)


def _as_it_counts(command: RecordConsent, words: tuple[Consent, ...]) -> RecordConsent:
    """The no of somebody who had consented is kept as the withdrawal it is."""
    basis = None if command.basis is None else ConsentBasis(command.basis)
    standing = follows(recorded(words).standing, command.state, basis)
    if standing is not Standing.WITHDRAWN or command.state is ConsentState.WITHDRAWN:
        return command
    return replace(command, state=ConsentState.WITHDRAWN, scopes=())


def _told_to_workers(
    command: RecordConsent,
    consent: Consent,
    now: Recorded,
    uow: UnitOfWork,
    *,
    had_declined: bool,
) -> RosterEntry | None:
    told = of_consent(
        consent,
        had_declined=had_declined,
        collect=permits(now.standing, scopes=now.scopes).collect,
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
    """Who refuses, withdraws or has died is called about no more."""
    if command.state not in _ENDS:
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


_ENDS = (ConsentState.REFUSED, ConsentState.WITHDRAWN, ConsentState.DIED)


def _consent(
    command: RecordConsent, participant: str, before: Consent | None, terms: Terms
) -> Consent:
    revision = 1 if before is None else before.revision + 1
    return Consent(
        consent_id=identity("consent", participant, str(revision)),
        participant=participant,
        revision=revision,
        state=command.state,
        basis=None if command.basis is None else ConsentBasis(command.basis),
        document_version=command.document_version,
        decided_at=command.decided_at,
        recorded_at=command.at,
        actor=command.actor,
        reason=command.reason,
        deadline=_deadline(command, terms),
        scopes=_scopes(command),
    )


def _deadline(command: RecordConsent, terms: Terms) -> datetime | None:
    """The one that was named, but never later than the protocol's."""
    if command.state is not ConsentState.DEFERRED:
        return None
    latest = None if terms.within is None else command.decided_at + terms.within
    named = (command.deadline, latest)
    return min((one for one in named if one is not None), default=None)


def _scopes(command: RecordConsent) -> tuple[Scope, ...] | None:
    if command.state is not ConsentState.WITHDRAWN or not command.scopes:
        return None
    return tuple(sorted({Scope(one) for one in command.scopes}))


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
        **_told_of(consent),
        **alerts_told(steps),
    }
    return _audit(command, AuditAction.CONSENT_RECORDED, consent.consent_id, detail)


def _told_of(consent: Consent) -> dict[str, Any]:
    """What only some words have."""
    told: dict[str, Any] = {}
    if consent.deadline is not None:
        told["deadline"] = consent.deadline.isoformat()
    if consent.state is ConsentState.WITHDRAWN:
        told["scopes"] = sorted(taken(consent.scopes))
    return told


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
