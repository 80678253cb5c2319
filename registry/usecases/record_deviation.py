"""Record a departure from the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.conduct import Deviation, DeviationKind
from registry.domain.enrolment import Obstacle
from registry.domain.misrandomisation import names_an_arm
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordDeviation:
    """What happened to whom, and who says so."""

    participant: str
    domain: str = ""
    kind: DeviationKind
    important: bool
    happened_at: datetime
    description: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRecorded:
    """It is on record."""

    deviation: Deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviationRefused:
    """Nothing was recorded."""

    obstacle: Obstacle


def record_deviation(
    command: RecordDeviation, uow: UnitOfWork
) -> DeviationRecorded | DeviationRefused:
    """Append it; a deviation is never changed, only followed by another."""
    who = uow.participants.one(command.participant)
    if who is None:
        return _refused(ErrorCode.UNKNOWN_PARTICIPANT, "no_such_participant")
    if not command.description.strip():
        return _refused(ErrorCode.DEVIATION, "not_described")
    if command.happened_at > command.at:
        return _refused(ErrorCode.DEVIATION, "happened_in_the_future")
    if command.domain and not uow.protocols.has_domain(who.trial, command.domain):
        return _refused(ErrorCode.DEVIATION, "no_such_domain")
    if names_an_arm(command.description, _hidden_arms(who.trial, command, uow)):
        return _refused(ErrorCode.DEVIATION, "names_an_arm")
    uow.audit.lock(site=who.site, trial=who.trial)
    number = uow.deviations.last_number(command.participant) + 1
    deviation = Deviation(
        deviation_id=identity("deviation", command.participant, str(number)),
        site=who.site,
        trial=who.trial,
        participant=who.participant,
        domain=command.domain,
        number=number,
        kind=command.kind,
        important=command.important,
        happened_at=command.happened_at,
        description=command.description,
        actor=command.actor,
        recorded_at=command.at,
    )
    uow.deviations.add(deviation)
    uow.audit.append(_entry(deviation))
    return DeviationRecorded(deviation=deviation)


def _hidden_arms(
    trial: str, command: RecordDeviation, uow: UnitOfWork
) -> tuple[str, ...]:
    """Arms that the words may not name: of every blinded domain they may be about."""
    return tuple(
        arm.name
        for design in uow.protocols.designs(trial)
        if design.blinded and command.domain in ("", design.domain)
        for arm in design.arms
    )


def _refused(code: ErrorCode, name: str) -> DeviationRefused:
    return DeviationRefused(obstacle=Obstacle(code, name))


def _entry(deviation: Deviation) -> AuditEntry:
    """The description stays in its own table: the audit is shown to more people."""
    return AuditEntry(
        site=deviation.site,
        trial=deviation.trial,
        action=AuditAction.DEVIATION_RECORDED,
        actor=deviation.actor,
        at=deviation.recorded_at,
        subject=deviation.deviation_id,
        detail={
            "record": record_digest(deviation),
            "participant": deviation.participant,
            "number": deviation.number,
            "kind": deviation.kind,
            "important": deviation.important,
        },
    )
