"""Tell the arm that was drawn in a domain whose reveal is deferred.

Only once what the draw could leave open is settled: eligibility, answers, signature,
and a consent that stands.  It happens once and is not taken back; it may never happen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.allocation import Randomisation
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Gate
from registry.domain.reveal import Reveal, stands_against
from registry.usecases.at_the_gate import look
from registry.usecases.gate_facts import Whom
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.ids import screening_identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RevealArm:
    """Whose arm is to be told, in which domain."""

    trial: str
    domain: str
    participant: str
    reason: str | None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Revealed:
    """The arm, from now on in every surface that shows open arms."""

    reveal: Reveal
    arm: str
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRevealed:
    """What is not settled; the arm stays hidden."""

    gate: Gate


@dataclass(frozen=True, slots=True)
class _Asking:
    """The participant as the gate asks for them."""

    whom: Whom
    at: datetime


def reveal_arm(command: RevealArm, uow: UnitOfWork) -> Revealed | NotRevealed:
    """Reveal it; revealed before, it is told again.

    Raises `Refused` EMB-386 where nothing was drawn, or its reveal was not deferred.
    """
    drawn = uow.allocations.stored(
        trial=command.trial, domain=command.domain, participant=command.participant
    )
    if drawn is None or not drawn.deferred:
        raise Refused(
            ErrorCode.REVEAL,
            f"{command.participant} has no hidden arm in {command.domain} that could "
            "be revealed.",
            "See `ember reveal list`.",
        )
    uow.audit.lock(site=drawn.site, trial=drawn.trial)
    before = uow.reveals.one(drawn.randomisation_id)
    if before is not None:
        return _told(before, uow, repeated=True)
    seen = look(_asking(drawn, command.at), uow, confirming=True)
    against = stands_against(seen.gate)
    if against:
        return NotRevealed(gate=Gate(against))
    reveal = Reveal(
        randomisation_id=drawn.randomisation_id,
        trial=drawn.trial,
        site=drawn.site,
        domain=drawn.domain,
        participant=drawn.participant,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )
    uow.reveals.add(reveal)
    uow.audit.append(_entry(reveal))
    return _told(reveal, uow, repeated=False)


def _asking(drawn: Randomisation, at: datetime) -> _Asking:
    screening_id = screening_identity(
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        domain=drawn.domain,
        episode=drawn.episode,
    )
    whom = Whom(
        idempotency_key=drawn.idempotency_key,
        site=drawn.site,
        patient=drawn.patient,
        trial=drawn.trial,
        domain=drawn.domain,
        screening_id=screening_id,
    )
    return _Asking(whom, at)


def _told(reveal: Reveal, uow: UnitOfWork, *, repeated: bool) -> Revealed:
    arm = uow.allocations.open_arm(reveal.randomisation_id)
    return Revealed(reveal=reveal, arm=arm or "", repeated=repeated)


def _entry(reveal: Reveal) -> AuditEntry:
    """Who and when; the arm is in no audit row."""
    return AuditEntry(
        site=reveal.site,
        trial=reveal.trial,
        action=AuditAction.ARM_REVEALED,
        actor=reveal.actor,
        at=reveal.at,
        subject=reveal.randomisation_id,
        detail={
            "record": record_digest(reveal),
            "participant": reveal.participant,
            "domain": reveal.domain,
        },
    )
