"""Randomise one participant in one domain: serialised, idempotent, replayable.

The order within the one transaction:

1. all that the gate looks at is read, without a lock; a request that was here before
   gets the stored result, and a closed gate ends it here;
2. the domain, the stratum and the audit chains are locked, always in this order;
3. the revisions of what was read are read again, inside: what moved is looked at anew;
4. the stratum's next number is drawn by the signer, who alone holds the key;
5. request, randomisation, arm, outbox row and audit row are written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.allocation import Allocator, Randomisation, SealedArm, following
from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.enrolment import Gate, Obstacle
from registry.domain.mode import Mode
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.draws import Position
from registry.domain.randomisation.signer import Signer
from registry.usecases.act_on_alerts import close_alerts_of, withhold_alerts_of
from registry.usecases.at_the_gate import Seen, look
from registry.usecases.declared import lock_chains
from registry.usecases.declined import roster_item
from registry.usecases.gate_facts import Place, Standing
from registry.usecases.holding import Holding
from registry.usecases.one_person import Merged
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord, Request
from registry.usecases.tell_alerts import audit_others
from registry.usecases.tell_randomisation import randomised_entry, roster_entry
from streams.vocabulary.errors import (
    BrokenInvariant,
    ErrorCode,
    Refused,
    SettingsError,
)
from streams.vocabulary.ids import identity, screening_identity
from streams.vocabulary.messages import RosterEntry, TrialScreening


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
    def place(self) -> Place:
        """Whom it is about, and the screening it rests on."""
        return Place(
            idempotency_key=self.idempotency_key,
            site=self.site,
            patient=self.patient,
            trial=self.trial,
            domain=self.domain,
            screening_id=screening_identity(
                site=self.site,
                patient=self.patient,
                trial=self.trial,
                domain=self.domain,
                episode=self.episode,
            ),
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
    """What the gate let through, and what it will be drawn by."""

    participant: str
    screening: TrialScreening
    consent_id: str
    design: DomainDesign
    """With the arms among which is drawn."""
    allocator: Allocator
    mode: Mode
    availability: tuple[tuple[str, bool, bool], ...]
    """Each arm of the domain: available, eligible."""
    quiet: bool
    """No alert speaks of the patient, and no other name: nobody is called back."""
    alone: bool
    """The person has no other name, and the trial excludes no other."""


def randomise(
    command: Randomise, uow: UnitOfWork, *, signer: Signer
) -> Randomised | NotRandomised:
    """Allocate once; a repetition returns the identical allocation.

    Raises `Refused` EMB-314 where the key already names another request,
    `SettingsError` EMB-312 where the signer has no key for the trial, EMB-341 where it
    is not the one that was committed to.
    """
    seen = look(command, uow)
    if _is_repeated(seen.facts.standing):
        return _stored(_request(command, seen), uow)
    if not seen.gate.open:
        return _turned_away(command, seen, uow)
    allocator = uow.allocations.lock(
        trial=command.trial, domain=command.domain, stratum=seen.placed.stratum
    )
    lock_chains(uow, site=command.site, trials=seen.chains)
    if uow.gate.standing(command.place) != seen.facts.standing:
        before, seen = seen, look(command, uow)
        if _is_repeated(seen.facts.standing):
            return _stored(_request(command, seen), uow)
        seen = replace(seen, gate=_gate_if_the_same(before, seen))
    admitted = _admitted(seen, allocator)
    if admitted is None:
        return _refused(command, seen, uow)
    _check_key(command.trial, seen, signer)
    return _allocated(_request(command, seen), command, admitted, uow, signer=signer)


def _check_key(trial: str, seen: Seen, signer: Signer) -> None:
    """What is drawn by a key that was never committed to could not be verified."""
    if signer.commitment(trial) != seen.key_commitment:
        raise SettingsError(
            ErrorCode.KEY_DIFFERS,
            f"The allocation key held for {trial} is not the one that was published.",
            "Give the signer the key by which the protocol was activated.",
        )


def _is_repeated(standing: Standing) -> bool:
    return standing.participant is not None and standing.requests > 0


def _request(command: Randomise, seen: Seen) -> Request:
    return Request(
        idempotency_key=command.idempotency_key,
        trial=command.trial,
        domain=command.domain,
        participant=seen.facts.standing.participant or "",
        requested_by=command.actor,
        requested_at=command.at,
    )


def _stored(request: Request, uow: UnitOfWork) -> Randomised:
    """What an earlier request of this name, or for this participant, was given."""
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
    arm = None if drawn.blinded else uow.allocations.arm(drawn.randomisation_id)
    return _result(drawn, arm, repeated=True)


def _meant(request: Request) -> tuple[str, str, str]:
    return request.trial, request.domain, request.participant


def _turned_away(
    command: Randomise, seen: Seen, uow: UnitOfWork
) -> Randomised | NotRandomised:
    """The gate was closed when it was asked; no number of a stratum is touched.

    Another request for the same may have got through meanwhile: its result stands.
    """
    lock_chains(uow, site=command.site, trials=(command.trial,))
    if _is_repeated(uow.gate.standing(command.place)):
        return _stored(_request(command, look(command, uow)), uow)
    return _refused(command, seen, uow)


def _gate_if_the_same(before: Seen, now: Seen) -> Gate:
    """The gate as it is now; closed where the locks taken are no longer the right ones."""
    if not now.gate.open:
        return now.gate
    if now.placed.stratum != before.placed.stratum:
        return Gate((Obstacle(ErrorCode.STRATUM_UNKNOWN, "stratum_just_changed"),))
    if not now.chains <= before.chains:
        return Gate((Obstacle(ErrorCode.CO_ENROLMENT, "rivals_just_changed"),))
    return now.gate


def _admitted(seen: Seen, allocator: Allocator) -> _Admitted | None:
    """None where the gate is closed."""
    facts, design = seen.facts, seen.placed.design
    participant, consent_id = facts.standing.participant, facts.consent_id
    if not seen.gate.open or facts.screening is None or facts.design is None:
        return None
    if design is None or participant is None or consent_id is None:
        return None
    return _Admitted(
        participant=participant,
        screening=facts.screening,
        consent_id=consent_id,
        design=design,
        allocator=following(allocator, design.schedule()),
        mode=facts.mode,
        availability=tuple(
            (arm.name, True, arm in design.arms) for arm in facts.design.arms
        ),
        quiet=not facts.standing.alerts and not facts.standing.merges,
        alone=not facts.standing.merges and len(seen.chains) == 1,
    )


def _allocated(
    request: Request,
    command: Randomise,
    admitted: _Admitted,
    uow: UnitOfWork,
    *,
    signer: Signer,
) -> Randomised:
    sealed = _sealed(request, admitted, signer)
    drawn = _randomisation(request, command, admitted, sealed)
    stands = replace(admitted.allocator, next_no=drawn.sequence_no + 1)
    if not uow.allocations.add(request, drawn, sealed, following=stands):
        return _stored(request, uow)
    result = _result(drawn, None if drawn.blinded else sealed.arm, repeated=False)
    uow.outbox.add([roster_item(result.roster)])
    steps = () if admitted.quiet else _alerts_moved(drawn, uow, alone=admitted.alone)
    uow.audit.append(randomised_entry(drawn, steps))
    return result


def _alerts_moved(
    drawn: Randomisation, uow: UnitOfWork, *, alone: bool
) -> tuple[AlertRecord, ...]:
    """Nobody calls about this domain any more, nor about trials that exclude this one."""
    known = {(drawn.site, drawn.patient): Merged(drawn.patient, (), ())}
    withheld = () if alone else _withheld(drawn, uow)
    acted = close_alerts_of(
        uow,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        domain=drawn.domain,
        act=drawn.randomisation_id,
        at=drawn.randomised_at,
        mode=drawn.mode,
        holding=Holding(uow, terms={}, people=known) if alone else None,
    )
    return audit_others(
        (*withheld, *acted),
        uow,
        trial=drawn.trial,
        act=drawn.randomisation_id,
        actor=drawn.randomised_by,
        at=drawn.randomised_at,
    )


def _withheld(drawn: Randomisation, uow: UnitOfWork) -> tuple[AlertRecord, ...]:
    return withhold_alerts_of(
        uow,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        act=drawn.randomisation_id,
        at=drawn.randomised_at,
    )


def _sealed(request: Request, admitted: _Admitted, signer: Signer) -> SealedArm:
    allocator = admitted.allocator
    position = Position(
        request.trial, request.domain, allocator.stratum, allocator.next_no
    )
    return SealedArm(
        randomisation_id=identity("randomisation", *_meant(request)),
        arm=signer.arm(
            position,
            design=admitted.design,
            schedule_first_no=allocator.schedule_first_no,
        ),
        nonce=signer.nonce(position),
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
        stratum=allocator.stratum,
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
        consent_id=admitted.consent_id,
        mode=admitted.mode,
        provenance=verdict.provenance,
        arm_commitment=sealed.commitment,
        availability=admitted.availability,
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


def _refused(command: Randomise, seen: Seen, uow: UnitOfWork) -> NotRandomised:
    told = [[o.code.value, o.name, o.detail] for o in seen.gate.obstacles]
    uow.audit.append(
        AuditEntry(
            site=command.site,
            trial=command.trial,
            action=AuditAction.RANDOMISATION_REFUSED,
            actor=command.actor,
            at=command.at,
            subject=seen.facts.standing.participant or "",
            detail={"domain": command.domain, "obstacles": told},
        )
    )
    return NotRandomised(gate=seen.gate)
