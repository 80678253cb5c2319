"""Randomise one participant in one domain: serialised, idempotent, replayable.

The order within the one transaction:

1. the request is put down; one that was here before gets the stored result;
2. the domain, the stratum and the audit chain are locked, always in this order;
3. verdict, answers, consent, window, pauses, vector and mode are checked again, inside;
4. the next number of the stratum, or of the domain for minimisation, is drawn by the
   signer, who alone holds the key and alone reads the arms before it;
5. randomisation, arm, audit row and outbox row are written.

Where the gate is closed, the request is taken back, so that it can be made again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.allocation import Allocator, Randomisation, SealedArm, following
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Gate, Obstacle, gate
from registry.domain.epoch import epoch_of
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.placement import Placement
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.signer import Signer
from registry.usecases.act_on_alerts import close_alerts_of, withhold_alerts_of
from registry.usecases.at_the_gate import case_of, placed, standing
from registry.usecases.declared import lock_with_rivals
from registry.usecases.declined import roster_item
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord, Request
from registry.usecases.tell_alerts import alerts_told, audit_others
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, Refused
from streams.vocabulary.ids import identity, screening_identity
from streams.vocabulary.messages import (
    RosterEntry,
    TrialScreening,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomise:
    """Who is to be randomised, in which domain; the key names the request."""

    idempotency_key: str
    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    actor: str
    at: datetime

    @property
    def screening_id(self) -> str:
        """The screening it rests on."""
        return screening_identity(
            site=self.site,
            patient=self.patient,
            trial=self.trial,
            domain=self.domain,
            episode=self.episode,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Randomised:
    """The stored result, the first time and every time it is asked for again."""

    randomisation_id: str
    participant: str
    trial: str
    domain: str
    stratum: str
    sequence_no: int
    randomised_at: datetime
    arm: str | None
    """None where the domain is blinded."""
    repeated: bool
    roster: RosterEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRandomised:
    """Nothing was allocated."""

    gate: Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class _Admitted:
    """What the gate let through, as read inside the locks."""

    screening: TrialScreening
    consent: Consent
    placed: Placement
    design: DomainDesign
    """With the arms among which is drawn."""
    allocator: Allocator
    mode: Mode


def randomise(
    command: Randomise, uow: UnitOfWork, *, signer: Signer
) -> Randomised | NotRandomised:
    """Allocate once; a repetition returns the identical allocation.

    Asked for under a new key in another stay, it is refused.

    Raises `Refused` EMB-314 where the key already names another request,
    `SettingsError` EMB-312 where the signer has no key for the trial.
    """
    known = uow.participants.of(
        trial=command.trial, site=command.site, patient=command.patient
    )
    if known is None:
        never_asked = Obstacle(ErrorCode.NO_CONSENT, "no_consent", "not asked")
        return _refused(command, uow, subject="", why=Gate((never_asked,)))
    with uow.savepoint() as attempt:
        request = _request(command, known.participant)
        if not uow.allocations.request(request):
            return _told_again(request, command, uow)
        admitted = _locked_and_checked(command, uow, known.participant)
        if not isinstance(admitted, Gate):
            return _allocated(request, command, admitted, uow, signer=signer)
        attempt.take_back()
    return _refused(command, uow, subject=known.participant, why=admitted)


def _request(command: Randomise, participant: str) -> Request:
    return Request(
        idempotency_key=command.idempotency_key,
        trial=command.trial,
        domain=command.domain,
        participant=participant,
        requested_by=command.actor,
        requested_at=command.at,
    )


def _told_again(
    request: Request, command: Randomise, uow: UnitOfWork
) -> Randomised | NotRandomised:
    """What an earlier request of this name, or for this participant, was given.

    In another stay it is no repetition: a participant is randomised once in a domain.
    """
    earlier = uow.allocations.request_by_key(request.idempotency_key)
    if earlier is not None and _meant(earlier) != _meant(request):
        raise Refused(
            ErrorCode.REQUEST_REUSED,
            f"The request {request.idempotency_key!r} was made for another "
            "participant or domain.",
            "Give each request a key of its own.",
        )
    drawn = uow.allocations.stored(
        trial=request.trial, domain=request.domain, participant=request.participant
    )
    if drawn is None:
        raise BrokenInvariant(
            f"The request {request.idempotency_key!r} has no randomisation."
        )
    if earlier is None and drawn.episode != command.episode:
        told = f"{drawn.participant}, {iso(drawn.randomised_at)}"
        before = Obstacle(ErrorCode.DRAWN_BEFORE, "drawn_before", told)
        return _refused(command, uow, subject=drawn.participant, why=Gate((before,)))
    arm = None if drawn.blinded else uow.allocations.arm(drawn.randomisation_id)
    return _result(drawn, arm, repeated=True)


def _meant(request: Request) -> tuple[str, str, str]:
    return request.trial, request.domain, request.participant


def _locked_and_checked(
    command: Randomise, uow: UnitOfWork, participant: str
) -> _Admitted | Gate:
    """Take the locks in their one order, then look at everything again."""
    stands = standing(command, command.domain, uow)
    screening = uow.screenings.latest(command.screening_id)
    expected = placed(screening, stands.design, command, uow)
    allocator = uow.allocations.lock(
        trial=command.trial, domain=command.domain, stratum=expected.lock
    )
    lock_with_rivals(uow, site=command.site, trial=command.trial)
    screening = uow.screenings.latest(command.screening_id)
    consent = uow.participants.consent(participant)
    mode = uow.modes.current()
    now = placed(screening, stands.design, command, uow)
    checked = gate(case_of(command, uow, screening, consent, stands, mode))
    if not checked.open or screening is None or consent is None:
        return checked
    if now.stratum != expected.stratum or now.design is None:
        return Gate((Obstacle(ErrorCode.STRATUM_UNKNOWN, "stratum_just_changed"),))
    return _Admitted(
        screening=screening,
        consent=consent,
        placed=now,
        design=now.design,
        allocator=following(allocator, now.schedule),
        mode=mode,
    )


def _allocated(
    request: Request,
    command: Randomise,
    admitted: _Admitted,
    uow: UnitOfWork,
    *,
    signer: Signer,
) -> Randomised:
    sealed = _sealed(request, admitted, uow, signer)
    drawn = _randomisation(request, command, admitted, sealed)
    result = _result(drawn, None if drawn.blinded else sealed.arm, repeated=False)
    uow.allocations.add(drawn, sealed)
    uow.allocations.advance(replace(admitted.allocator, next_no=drawn.sequence_no + 1))
    uow.outbox.add([roster_item(result.roster)])
    uow.audit.append(_entry(drawn, _alerts_moved(drawn, uow)))
    return result


def _alerts_moved(drawn: Randomisation, uow: UnitOfWork) -> tuple[AlertRecord, ...]:
    """Nobody calls about this domain any more, nor about trials that exclude this one."""
    withheld = withhold_alerts_of(
        uow,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        act=drawn.randomisation_id,
        at=drawn.randomised_at,
    )
    acted = close_alerts_of(
        uow,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        domain=drawn.domain,
        act=drawn.randomisation_id,
        at=drawn.randomised_at,
    )
    return audit_others(
        (*withheld, *acted),
        uow,
        trial=drawn.trial,
        act=drawn.randomisation_id,
        actor=drawn.randomised_by,
        at=drawn.randomised_at,
    )


def _sealed(
    request: Request, admitted: _Admitted, uow: UnitOfWork, signer: Signer
) -> SealedArm:
    allocator = admitted.allocator
    stratum, number = admitted.placed.stratum, allocator.next_no
    position = Position(request.trial, request.domain, stratum, number)
    history = uow.allocations.history(
        position, schedule_first_no=allocator.schedule_first_no
    )
    drawn = signer.arm(position, design=admitted.design, history=history)
    return SealedArm(
        randomisation_id=identity("randomisation", *_meant(request)),
        arm=drawn.arm,
        nonce=signer.nonce(position),
        state=drawn.state,
    )


def _randomisation(
    request: Request, command: Randomise, admitted: _Admitted, sealed: SealedArm
) -> Randomisation:
    verdict, allocator = admitted.screening, admitted.allocator
    return Randomisation(
        randomisation_id=sealed.randomisation_id,
        idempotency_key=request.idempotency_key,
        trial=request.trial,
        domain=request.domain,
        participant=request.participant,
        site=command.site,
        patient=command.patient,
        episode=command.episode,
        stratum=admitted.placed.stratum,
        sequence_no=allocator.next_no,
        schedule=allocator.schedule,
        schedule_first_no=allocator.schedule_first_no,
        ratio=tuple((arm.name, arm.ratio) for arm in admitted.design.arms),
        blinded=admitted.design.blinded,
        randomised_at=command.at,
        randomised_by=command.actor,
        anchor=verdict.anchor,
        anchor_at=verdict.anchor_at,
        covariates=verdict.covariates,
        protocol_version=verdict.protocol_version,
        protocol_hash=verdict.protocol_hash,
        software_version=verdict.software_version,
        definition_version=verdict.definition_version,
        screening_message_id=verdict.message_id,
        consent_id=admitted.consent.consent_id,
        mode=admitted.mode,
        provenance=verdict.provenance,
        arm_commitment=sealed.commitment,
        availability=admitted.placed.availability,
        vector_id=admitted.placed.vector_id,
        epoch=epoch_of(command.at),
    )


def _result(drawn: Randomisation, arm: str | None, *, repeated: bool) -> Randomised:
    return Randomised(
        randomisation_id=drawn.randomisation_id,
        participant=drawn.participant,
        trial=drawn.trial,
        domain=drawn.domain,
        stratum=drawn.stratum,
        sequence_no=drawn.sequence_no,
        randomised_at=drawn.randomised_at,
        arm=arm,
        repeated=repeated,
        roster=roster_entry(drawn),
    )


def roster_entry(drawn: Randomisation) -> RosterEntry:
    """What the workers hear of a randomisation; never its arm."""
    return RosterEntry(
        message_id=identity("roster", drawn.randomisation_id),
        site=drawn.site,
        patient=drawn.patient,
        happened_at=drawn.randomised_at,
        known_at=drawn.randomised_at,
        source="registry",
        provenance=drawn.provenance,
        trial=drawn.trial,
        domain=drawn.domain,
        episode=drawn.episode,
        participant=drawn.participant,
    )


def _refused(
    command: Randomise, uow: UnitOfWork, *, subject: str, why: Gate
) -> NotRandomised:
    told = [[o.code.value, o.name, o.detail] for o in why.obstacles]
    uow.audit.append(
        AuditEntry(
            site=command.site,
            trial=command.trial,
            action=AuditAction.RANDOMISATION_REFUSED,
            actor=command.actor,
            at=command.at,
            subject=subject,
            detail={"domain": command.domain, "obstacles": told},
        )
    )
    return NotRandomised(gate=why)


def _entry(drawn: Randomisation, steps: tuple[AlertRecord, ...]) -> AuditEntry:
    """Who, when, as what, by which draw; never the arm, but what binds it."""
    return AuditEntry(
        site=drawn.site,
        trial=drawn.trial,
        action=AuditAction.RANDOMISED,
        actor=drawn.randomised_by,
        at=drawn.randomised_at,
        subject=drawn.randomisation_id,
        detail={
            "record": record_digest(drawn),
            "participant": drawn.participant,
            "domain": drawn.domain,
            "stratum": drawn.stratum,
            "sequence_no": drawn.sequence_no,
            "schedule": drawn.schedule,
            "schedule_first_no": drawn.schedule_first_no,
            "screening": drawn.screening_message_id,
            "consent": drawn.consent_id,
            "protocol_hash": drawn.protocol_hash,
            "arm_commitment": drawn.arm_commitment,
            **({} if drawn.vector_id is None else {"vector": drawn.vector_id}),
            **alerts_told(steps),
        },
    )
