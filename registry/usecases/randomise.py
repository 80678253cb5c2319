"""Randomise one participant in one domain: serialised, idempotent, replayable.

The order within the one transaction:

1. all that the gate looks at is read, without a lock; a request that was here before
   gets the stored result, and a closed gate ends it here;
2. the domain, the stratum and the audit chains are locked, always in this order;
3. the revisions of what was read are read again, inside: what moved is looked at anew,
   and so is whoever the revisions do not tell all of; what is drawn by is held against
   the audit, which tells what was published;
4. where the domain has kits, one of each arm that could be drawn is held;
5. the next number of the stratum, or of the domain for minimisation, is drawn by the
   signer, who alone holds the key and alone reads the arms before it;
6. request, randomisation, arm, kit, outbox row and audit row are written.

Where the trial moved so that other locks are the right ones, those taken are let go,
and it begins anew; where the verdict moved the patient, nothing is allocated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.allocation import Allocator, Randomisation
from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.enrolment import Gate, Obstacle
from registry.domain.kit import Kit
from registry.domain.randomisation.signer import Signer
from registry.usecases.admitted import (
    Admitted,
    admit,
    held_kits,
    meant,
    randomisation,
    sealed_arm,
)
from registry.usecases.as_published import as_published
from registry.usecases.at_the_gate import Seen, look
from registry.usecases.declared import lock_chains
from registry.usecases.declined import roster_item
from registry.usecases.end_calls import end_calls
from registry.usecases.gate_facts import Standing, Whom
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord, Request
from registry.usecases.reserve_kit import reserve
from registry.usecases.tell_randomisation import randomised_entry, roster_entry
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import (
    BrokenInvariant,
    ErrorCode,
    Refused,
    SettingsError,
)
from streams.vocabulary.ids import screening_identity
from streams.vocabulary.messages import RosterEntry


LOOKS = 3
"""How often it begins anew where the trial moves meanwhile; more is no coincidence."""
JUST_CHANGED = Gate((Obstacle(ErrorCode.STRATUM_UNKNOWN, "stratum_just_changed"),))
"""The trial moved meanwhile, and the patient belongs elsewhere than was looked for."""


KITS_SHORT = Gate((Obstacle(ErrorCode.KITS_SHORT, "kits_short"),))
"""An arm that could be drawn has no kit; which one, nobody is told."""


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
    def whom(self) -> Whom:
        """Whom it is about, and the screening it rests on."""
        return Whom(
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
    """None where the domain is blinded, or the arm not yet revealed."""
    repeated: bool
    roster: RosterEntry
    kit: str | None = None
    """The code to hand out; None in a domain without kits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRandomised:
    """Nothing was allocated."""

    gate: Gate


def randomise(
    command: Randomise, uow: UnitOfWork, *, signer: Signer
) -> Randomised | NotRandomised:
    """Allocate once; a repetition returns the identical allocation.

    Asked for under a new key in another stay, it is refused.

    Raises `Refused` EMB-314 where the key already names another request,
    `SettingsError` EMB-312 where the signer has no key for the trial, EMB-341 where it
    is not the one that was committed to.
    """
    for _ in range(LOOKS):
        seen = look(command, uow)
        if is_repeated(seen):
            return told_again(command, seen, uow)
        if not seen.gate.open:
            return _turned_away(command, seen, uow)
        with uow.savepoint() as attempt:
            done = _attempted(command, seen, uow, signer=signer)
            if done is not None:
                return done
            attempt.take_back()
    return refused(command, uow, subject=_subject(seen), why=JUST_CHANGED)


def _attempted(
    command: Randomise, before: Seen, uow: UnitOfWork, *, signer: Signer
) -> Randomised | NotRandomised | None:
    """Inside the locks; None where those taken are no longer the right ones."""
    allocator = uow.allocations.lock(
        trial=command.trial, domain=command.domain, stratum=before.placed.lock
    )
    lock_chains(uow, site=command.site, trials=before.chains)
    now = _looked_again(command, before, uow)
    return within_the_locks(
        command, before, now, uow, allocator=allocator, signer=signer
    )


def within_the_locks(
    command: Randomise,
    before: Seen,
    now: Seen,
    uow: UnitOfWork,
    *,
    allocator: Allocator,
    signer: Signer,
) -> Randomised | NotRandomised | None:
    """What is allocated by what is seen `now`, with the locks of `before` held.

    None where these are no longer the right ones.
    """
    if is_repeated(now):
        return told_again(command, now, uow)
    gate = _gate_of_the_same_verdict(before, now)
    if gate.open and not _fits(before, now):
        return None
    admitted = admit(now, allocator) if gate.open else None
    if admitted is None:
        return refused(command, uow, subject=_subject(now), why=gate)
    _check_key(command.trial, now, signer)
    published = as_published(command.trial, now, uow)
    if not published.open:
        return refused(command, uow, subject=_subject(now), why=published)
    kits = held_kits(command, admitted.design, uow, signer)
    if kits is None:
        return refused(command, uow, subject=_subject(now), why=KITS_SHORT)
    return _allocated(
        _request(command, now), command, admitted, kits, uow, signer=signer
    )


def _looked_again(command: Randomise, before: Seen, uow: UnitOfWork) -> Seen:
    """What was seen, where no number moved that tells all of it; else all of it anew."""
    if before.alone and uow.gate.standing(command.whom) == before.facts.standing:
        return before
    return look(command, uow)


def _gate_of_the_same_verdict(before: Seen, now: Seen) -> Gate:
    """The gate as it is now; closed where a new verdict puts the patient elsewhere."""
    same = now.facts.standing.verdict == before.facts.standing.verdict
    if not now.gate.open or same or now.placed.stratum == before.placed.stratum:
        return now.gate
    return JUST_CHANGED


def _fits(before: Seen, now: Seen) -> bool:
    """Whether the locks that were taken are those that are wanted."""
    return now.placed.lock == before.placed.lock and now.chains <= before.chains


def _turned_away(
    command: Randomise, seen: Seen, uow: UnitOfWork
) -> Randomised | NotRandomised:
    """The gate was closed when it was asked; no number of a stratum is touched.

    Another request for the same may have got through meanwhile: its result stands.
    """
    lock_chains(uow, site=command.site, trials=(command.trial,))
    if _was_asked(uow.gate.standing(command.whom)):
        return told_again(command, look(command, uow), uow)
    return refused(command, uow, subject=_subject(seen), why=seen.gate)


def _check_key(trial: str, seen: Seen, signer: Signer) -> None:
    """What is drawn by a key that was never committed to could not be verified."""
    if signer.commitment(trial) != seen.key_commitment:
        raise SettingsError(
            ErrorCode.KEY_DIFFERS,
            f"The allocation key held for {trial} is not the one that was published.",
            "Give the signer the key by which the protocol was activated.",
        )


def is_repeated(seen: Seen) -> bool:
    """Whether the participant was randomised in the domain, or the key was used."""
    return _was_asked(seen.facts.standing)


def _was_asked(standing: Standing) -> bool:
    return standing.participant is not None and standing.requests > 0


def _subject(seen: Seen) -> str:
    return seen.facts.standing.participant or ""


def _request(command: Randomise, seen: Seen) -> Request:
    return Request(
        idempotency_key=command.idempotency_key,
        trial=command.trial,
        domain=command.domain,
        participant=_subject(seen),
        requested_by=command.actor,
        requested_at=command.at,
    )


def told_again(
    command: Randomise, seen: Seen, uow: UnitOfWork
) -> Randomised | NotRandomised:
    """What an earlier request of this name, or for this participant, was given."""
    return _told_again(_request(command, seen), command, uow)


def _told_again(
    request: Request, command: Randomise, uow: UnitOfWork
) -> Randomised | NotRandomised:
    """What an earlier request of this name, or for this participant, was given.

    In another stay it is no repetition: a participant is randomised once in a domain.
    """
    earlier = uow.allocations.request_by_key(request.idempotency_key)
    another = (
        uow.domain_answers.of_act(request.idempotency_key)
        if earlier is None
        else meant(earlier) != meant(request)
    )
    if another:
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
        return refused(command, uow, subject=drawn.participant, why=Gate((before,)))
    return result_of(drawn, uow)


def result_of(drawn: Randomisation, uow: UnitOfWork) -> Randomised:
    """The stored result; without the arm where it is hidden."""
    arm = uow.allocations.open_arm(drawn.randomisation_id)
    kits = uow.kits.of(drawn.randomisation_id)
    return _result(drawn, arm, kits[-1].kit if kits else None, repeated=True)


def _allocated(
    request: Request,
    command: Randomise,
    admitted: Admitted,
    kits: Mapping[str, Kit],
    uow: UnitOfWork,
    *,
    signer: Signer,
) -> Randomised | NotRandomised:
    sealed = sealed_arm(request, admitted, uow, signer)
    drawn = randomisation(request, command, admitted, sealed)
    stands = replace(admitted.allocator, next_no=drawn.sequence_no + 1)
    if not uow.allocations.add(request, drawn, sealed, following=stands):
        return _told_again(request, command, uow)
    kit = kits.get(sealed.arm)
    if kit is not None:
        reserve(
            kit,
            uow,
            site=drawn.site,
            randomisation_id=drawn.randomisation_id,
            actor=drawn.randomised_by,
            at=drawn.randomised_at,
        )
    result = _result(
        drawn,
        None if drawn.blinded or drawn.deferred else sealed.arm,
        None if kit is None else kit.kit,
        repeated=False,
    )
    uow.outbox.add([roster_item(result.roster)])
    steps = () if admitted.quiet else _ended_calls(drawn, admitted, uow)
    uow.audit.append(randomised_entry(drawn, steps))
    return result


def _ended_calls(
    drawn: Randomisation, admitted: Admitted, uow: UnitOfWork
) -> tuple[AlertRecord, ...]:
    return end_calls(drawn, uow, alone=admitted.alone, said=admitted.screening)


def _result(
    drawn: Randomisation, arm: str | None, kit: str | None, *, repeated: bool
) -> Randomised:
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
        kit=kit,
    )


def refused(
    command: Randomise, uow: UnitOfWork, *, subject: str, why: Gate
) -> NotRandomised:
    """Nothing is allocated, and the audit tells why."""
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
