"""Record a randomisation in error, and do what the table prescribes for its kind."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from registry.domain.allocation import Randomisation
from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.misrandomisation import (
    RULINGS,
    Kind,
    Misrandomisation,
    Ruling,
    fault_of_values,
    names_an_arm,
)
from registry.domain.stratum import UNKNOWN_LEVEL, levels_of
from registry.usecases.declared import levels_declared
from registry.usecases.exclude_allocation import (
    ExcludeAllocation,
    exclude_allocation,
)
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_deviation import (
    DeviationRecorded,
    RecordDeviation,
    record_deviation,
)
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMisrandomisation:
    """What went wrong with whose allocation, and what was true."""

    kind: Kind
    participant: str
    domain: str
    happened_at: datetime
    description: str
    """In words that name no person; in a blinded domain, no arm either."""
    true_values: tuple[tuple[str, str], ...] = ()
    received: str | None = None
    first: str | None = None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MisrandomisationRecorded:
    """It is on record, and done."""

    record: Misrandomisation


@dataclass(frozen=True, slots=True, kw_only=True)
class MisrandomisationRefused:
    """Nothing was recorded, and nothing done."""

    obstacle: Obstacle


def record_misrandomisation(
    command: RecordMisrandomisation, uow: UnitOfWork
) -> MisrandomisationRecorded | MisrandomisationRefused:
    """Append it with its deviation; the allocation and its number stay as they are."""
    who = uow.participants.one(command.participant)
    if who is None:
        return _refused(ErrorCode.UNKNOWN_PARTICIPANT, "no_such_participant")
    drawn = uow.allocations.stored(
        trial=who.trial, domain=command.domain, participant=who.participant
    )
    if drawn is None:
        return _refused(ErrorCode.MISRANDOMISATION, "not_randomised")
    ruling = RULINGS[command.kind]
    fault = _fault(command, ruling, drawn, uow)
    if fault is not None:
        return _refused(ErrorCode.MISRANDOMISATION, fault)
    with uow.savepoint() as attempt:
        done = _done(command, ruling, drawn, uow)
        if isinstance(done, MisrandomisationRefused):
            attempt.take_back()
    return done


def _fault(
    command: RecordMisrandomisation,
    ruling: Ruling,
    drawn: Randomisation,
    uow: UnitOfWork,
) -> str | None:
    """What is not told that is wanted, or told that is not, or tells too much."""
    told = {
        "received": bool(command.received),
        "first": bool(command.first),
        "true_value": bool(command.true_values),
    }
    wants = {"factors": "true_value", "covariates": "true_value"}
    wanted = wants.get(ruling.wants, ruling.wants)
    for name, is_told in told.items():
        if is_told != (name == wanted):
            return f"{name}_not_wanted" if is_told else f"no_{name}"
    texts = (
        command.description,
        command.received or "",
        *(value for _, value in command.true_values),
    )
    arms = [arm for arm, *_ in drawn.availability or drawn.ratio]
    if drawn.blinded and any(names_an_arm(text, arms) for text in texts):
        return "names_an_arm"
    if ruling.wants == "factors":
        given = levels_of(drawn.stratum)
        fault = fault_of_values(command.true_values, given)
        return fault or _level_fault(command.true_values, drawn, uow)
    if ruling.wants == "covariates":
        return fault_of_values(command.true_values, dict(drawn.covariates))
    return _first_fault(command.first, drawn, uow) if command.first else None


def _level_fault(
    true_values: Collection[tuple[str, str]], drawn: Randomisation, uow: UnitOfWork
) -> str | None:
    """What is no level of its factor by the protocol that the draw was made under."""
    version = uow.protocols.of_hash(drawn.trial, drawn.protocol_hash)
    declared = (version and levels_declared(version, drawn.domain)) or {}
    for factor, level in true_values:
        if level not in {UNKNOWN_LEVEL, *declared.get(factor, (level,))}:
            return "no_such_value"
    return None


def _first_fault(first: str, drawn: Randomisation, uow: UnitOfWork) -> str | None:
    before = uow.allocations.stored(
        trial=drawn.trial, domain=drawn.domain, participant=first
    )
    if before is None or first == drawn.participant:
        return "no_such_first"
    if any(one.in_error for one in uow.misrandomisations.of(before.randomisation_id)):
        return "first_is_in_error"
    if before.randomised_at > drawn.randomised_at:
        return "first_came_later"
    return None


def _done(
    command: RecordMisrandomisation,
    ruling: Ruling,
    drawn: Randomisation,
    uow: UnitOfWork,
) -> MisrandomisationRecorded | MisrandomisationRefused:
    if ruling.in_error:
        exclude_allocation(_exclusion(command, drawn), uow)
    deviation = record_deviation(_deviation(command, ruling), uow)
    if not isinstance(deviation, DeviationRecorded):
        return MisrandomisationRefused(obstacle=deviation.obstacle)
    number = len(uow.misrandomisations.of(drawn.randomisation_id)) + 1
    record = Misrandomisation(
        misrandomisation_id=identity(
            "misrandomisation", drawn.randomisation_id, str(number)
        ),
        site=drawn.site,
        trial=drawn.trial,
        domain=drawn.domain,
        participant=drawn.participant,
        number=number,
        kind=command.kind,
        randomisation_id=drawn.randomisation_id,
        deviation_id=deviation.deviation.deviation_id,
        in_error=ruling.in_error,
        true_values=tuple(sorted(command.true_values)),
        received=command.received,
        first=command.first,
        actor=command.actor,
        recorded_at=command.at,
    )
    uow.misrandomisations.add(record)
    uow.audit.append(_entry(record))
    return MisrandomisationRecorded(record=record)


def _exclusion(
    command: RecordMisrandomisation, drawn: Randomisation
) -> ExcludeAllocation:
    return ExcludeAllocation(
        trial=drawn.trial,
        domain=drawn.domain,
        participant=drawn.participant,
        reason=f"{command.kind}: the first is {command.first}",
        actor=command.actor,
        at=command.at,
    )


def _deviation(command: RecordMisrandomisation, ruling: Ruling) -> RecordDeviation:
    return RecordDeviation(
        participant=command.participant,
        domain=command.domain,
        kind=ruling.deviation,
        important=ruling.important,
        happened_at=command.happened_at,
        description=command.description,
        actor=command.actor,
        at=command.at,
    )


def _entry(record: Misrandomisation) -> AuditEntry:
    return AuditEntry(
        site=record.site,
        trial=record.trial,
        action=AuditAction.MISRANDOMISED,
        actor=record.actor,
        at=record.recorded_at,
        subject=record.misrandomisation_id,
        detail={
            "record": record_digest(record),
            "participant": record.participant,
            "domain": record.domain,
            "number": record.number,
            "kind": record.kind.value,
            "in_error": record.in_error,
            "deviation": record.deviation_id,
        },
    )


def _refused(code: ErrorCode, name: str) -> MisrandomisationRefused:
    return MisrandomisationRefused(obstacle=Obstacle(code, name))
