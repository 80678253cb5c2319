"""Break the blind of one participant: first it is on record, then the arm is told.

These are two transactions, in this order: whoever has the arm is on record, whatever
breaks in between.  Nothing else is needed than the database and who may read arms; the
notice to sponsor and monitor waits in the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from registry.domain.allocation import Randomisation
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.mode import Mode
from registry.domain.rehearsal import decoy_arm, is_decoy
from registry.domain.unblinding import (
    NOT_SHOWN,
    Unblinding,
    UnblindingNote,
    UnblindingReason,
    is_delegated_to_unblind,
)
from registry.usecases.outbox import UNBLINDINGS, OutboxItem
from registry.usecases.ports import UnitOfWork
from registry.usecases.rehearse import (
    NotRehearsed,
    drawn_before,
    rehearse_unblinding,
)
from registry.usecases.signature_ports import Authenticator
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import BLIND_BROKEN, BlindBroken, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakBlind:
    """Whose blind, and who wants to know why."""

    participant: str
    domain: str
    reason: UnblindingReason
    note: UnblindingNote | None = field(default=None, repr=False)
    actor: str
    secret: str | None = field(default=None, repr=False)
    """What only the asker knows; None where it was not asked for."""
    sponsor_told: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindIsBroken:
    """It is on record; the arm may be told to who asked, and to nobody else."""

    unblinding: Unblinding


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindKept:
    """No arm is told, and why."""

    obstacle: Obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmShown:
    """What was assigned, for the eyes of who asked."""

    unblinding: Unblinding
    arm: str = field(repr=False)


def break_blind(
    command: BreakBlind, uow: UnitOfWork, authenticator: Authenticator | None
) -> BlindIsBroken | BlindKept:
    """Put it on record, with its notice; the same command again adds nothing.

    Who may not ask is not told whether there is such a participant, whether anything
    was drawn, or is hidden: a code of nobody is answered as one of elsewhere.
    Without an authenticator nobody can be asked for a secret: the record says so.
    """
    if is_decoy(command.participant):
        return _rehearsed(command, uow, authenticator)
    who = uow.participants.one(command.participant)
    if who is None:
        return BlindKept(obstacle=_nobodys(command, authenticator))
    shown = _let_in(command, who, uow, authenticator)
    if isinstance(shown, Obstacle):
        return _refused(command, who, shown, uow)
    drawn = uow.allocations.stored(
        trial=who.trial, domain=command.domain, participant=who.participant
    )
    if drawn is None:
        return _kept(ErrorCode.BLIND_KEPT, "not_randomised")
    if not drawn.blinded:
        return _kept(ErrorCode.BLIND_KEPT, "not_blinded")
    return _broken(command, drawn, shown, uow)


def show_arm(unblinding: Unblinding, uow: UnitOfWork) -> ArmShown | BlindKept:
    """The arm of a blind whose breaking is on record.

    One that is not what was committed to is told to nobody: somebody was at it.
    """
    if is_decoy(unblinding.participant):
        return _shown_of_decoy(unblinding, uow)
    there = uow.unblindings.one(unblinding.unblinding_id)
    drawn = uow.allocations.one(unblinding.randomisation_id)
    sealed = uow.allocations.sealed(unblinding.randomisation_id)
    if there is None or drawn is None:
        return _kept(ErrorCode.BLIND_KEPT, "not_on_record")
    if sealed is None or sealed.commitment != drawn.arm_commitment:
        return _kept(ErrorCode.ARM_DIFFERS, "arm_not_as_committed")
    return ArmShown(unblinding=unblinding, arm=sealed.arm)


class _Place(Protocol):
    """Whose blind it is: of a participant, or of a decoy."""

    @property
    def site(self) -> str: ...

    @property
    def trial(self) -> str: ...


def _let_in(
    command: BreakBlind,
    place: _Place,
    uow: UnitOfWork,
    authenticator: Authenticator | None,
) -> str | Obstacle:
    """How the asker showed who they are, where it is delegated to them."""
    uow.audit.lock(site=place.site, trial=place.trial)
    shown = _shown(command, authenticator)
    log = uow.delegations.latest(trial=place.trial, site=place.site)
    if isinstance(shown, Obstacle) or is_delegated_to_unblind(
        log, command.actor, command.at
    ):
        return shown
    return Obstacle(ErrorCode.NOT_DELEGATED, "not_delegated", command.actor)


def _nobodys(command: BreakBlind, authenticator: Authenticator | None) -> Obstacle:
    """Nobody is on a log for whoever does not exist."""
    shown = _shown(command, authenticator)
    if isinstance(shown, Obstacle):
        return shown
    return Obstacle(ErrorCode.NOT_DELEGATED, "not_delegated", command.actor)


def _rehearsed(
    command: BreakBlind, uow: UnitOfWork, authenticator: Authenticator | None
) -> BlindIsBroken | BlindKept:
    """The same way for a decoy, who is nobody: no notice goes out.

    A secret is the same secret, so who tries one here is on record too.
    """
    drawn = drawn_before(command.participant, command.domain, uow)
    if isinstance(drawn, NotRehearsed):
        return BlindKept(obstacle=drawn.obstacle)
    shown = _let_in(command, drawn, uow, authenticator)
    if isinstance(shown, Obstacle):
        return _refused(command, drawn, shown, uow)
    if not drawn.blinded:
        return _kept(ErrorCode.BLIND_KEPT, "not_blinded")
    rehearsal = rehearse_unblinding(
        drawn, uow, reason=_in_words(command), actor=command.actor, at=command.at
    )
    return BlindIsBroken(
        unblinding=Unblinding(
            unblinding_id=rehearsal.rehearsal_id,
            site=rehearsal.site,
            trial=rehearsal.trial,
            domain=rehearsal.domain,
            participant=rehearsal.code,
            randomisation_id=drawn.rehearsal_id,
            number=rehearsal.turn - drawn.turn,
            reason=command.reason,
            actor=rehearsal.actor,
            authenticated_by=shown,
            sponsor_told=command.sponsor_told,
            at=rehearsal.at,
        )
    )


def _in_words(command: BreakBlind) -> str:
    """Of a decoy there is no arm that the words could name."""
    note = command.note
    return command.reason if note is None else f"{command.reason}: {note.words}"


def _shown_of_decoy(unblinding: Unblinding, uow: UnitOfWork) -> ArmShown | BlindKept:
    rehearsal = uow.rehearsals.one(unblinding.unblinding_id)
    if rehearsal is None:
        return _kept(ErrorCode.BLIND_KEPT, "not_on_record")
    return ArmShown(unblinding=unblinding, arm=decoy_arm(rehearsal))


def _shown(command: BreakBlind, authenticator: Authenticator | None) -> str | Obstacle:
    """How the asker showed who they are."""
    if authenticator is None:
        return NOT_SHOWN
    if command.secret is None:
        return Obstacle(ErrorCode.NOT_AUTHENTICATED, "secret_wanted")
    who = authenticator.authenticated(command.actor, command.secret)
    if who is None:
        return Obstacle(ErrorCode.NOT_AUTHENTICATED, "not_authenticated")
    return who.method


def _broken(
    command: BreakBlind, drawn: Randomisation, shown: str, uow: UnitOfWork
) -> BlindIsBroken:
    name = identity(
        "unblinding", drawn.randomisation_id, command.actor, iso(command.at)
    )
    there = uow.unblindings.one(name)
    if there is not None:
        return BlindIsBroken(unblinding=there)
    unblinding = Unblinding(
        unblinding_id=name,
        site=drawn.site,
        trial=drawn.trial,
        domain=drawn.domain,
        participant=drawn.participant,
        randomisation_id=drawn.randomisation_id,
        number=len(uow.unblindings.of(drawn.randomisation_id)) + 1,
        reason=command.reason,
        actor=command.actor,
        authenticated_by=shown,
        sponsor_told=command.sponsor_told,
        at=command.at,
    )
    uow.unblindings.add(unblinding, command.note)
    uow.outbox.add([_notice(unblinding, uow.modes.current())])
    uow.audit.append(_entry(unblinding, command.note))
    return BlindIsBroken(unblinding=unblinding)


def _notice(broken: Unblinding, mode: Mode) -> OutboxItem:
    """For whom, and no more: who may ask why looks in the registry."""
    told = BlindBroken(
        message_id=broken.unblinding_id,
        site=broken.site,
        trial=broken.trial,
        domain=broken.domain,
        participant=broken.participant,
        happened_at=broken.at,
        mode=mode.value,
    )
    return OutboxItem(
        outbox_id=broken.unblinding_id,
        topic=UNBLINDINGS,
        key=f"{broken.site}/{broken.trial}",
        payload=encode(BLIND_BROKEN, told).decode(),
        created_at=broken.at,
        next_attempt_at=broken.at,
    )


def _entry(broken: Unblinding, note: UnblindingNote | None) -> AuditEntry:
    """The words are in no audit row: who is blinded may look at it."""
    return AuditEntry(
        site=broken.site,
        trial=broken.trial,
        action=AuditAction.BLIND_BROKEN,
        actor=broken.actor,
        at=broken.at,
        subject=broken.unblinding_id,
        detail={
            "record": record_digest(broken),
            "participant": broken.participant,
            "domain": broken.domain,
            "number": broken.number,
            "code": broken.reason.value,
            "note": None if note is None else note.digest(broken.unblinding_id),
            "authenticated_by": broken.authenticated_by,
            "sponsor_told": broken.sponsor_told,
        },
    )


def _refused(
    command: BreakBlind, place: _Place, why: Obstacle, uow: UnitOfWork
) -> BlindKept:
    """Somebody tried who may not; that a secret is wanted is no try yet."""
    if why.name != "secret_wanted":
        uow.audit.append(
            AuditEntry(
                site=place.site,
                trial=place.trial,
                action=AuditAction.BLIND_KEPT,
                actor=command.actor,
                at=command.at,
                subject=command.participant,
                detail={"domain": command.domain, "obstacle": why.name},
            )
        )
    return BlindKept(obstacle=why)


def _kept(code: ErrorCode, name: str) -> BlindKept:
    return BlindKept(obstacle=Obstacle(code, name))
