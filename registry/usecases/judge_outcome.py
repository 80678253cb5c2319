"""Record what a human says of an outcome, beside what the record tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.conduct import JudgedAs, JudgedOutcome, step_fault, value_fault
from registry.domain.enrolment import Obstacle
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialOutcome
from streams.vocabulary.outcome_values import values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeOutcome:
    """Who says what of which outcome, and why."""

    outcome_id: str
    judged_as: JudgedAs
    value: float | None
    reason: str
    decided_at: datetime
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeJudged:
    """What stands from now on; the derived value stays beside it."""

    judged: JudgedOutcome
    derived: TrialOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeNotJudged:
    """Nothing was recorded."""

    obstacle: Obstacle


def judge_outcome(
    command: JudgeOutcome, uow: UnitOfWork
) -> OutcomeJudged | OutcomeNotJudged:
    """Append it; the latest of an outcome counts, the others stay."""
    found = uow.outcomes.latest(command.outcome_id)
    if found is None:
        return _refused(ErrorCode.UNKNOWN_OUTCOME, "no_such_outcome", "")
    uow.audit.lock(site=found.site, trial=found.trial)
    derived = uow.outcomes.latest(command.outcome_id) or found
    before = uow.judged_outcomes.latest(command.outcome_id)
    fault = _fault(command, derived, before, uow)
    if fault is not None:
        return _refused(ErrorCode.OUTCOME_STEP, *fault)
    judged = _judged(command, derived, 1 if before is None else before.number + 1)
    uow.judged_outcomes.add(judged)
    uow.audit.append(_entry(judged, derived))
    return OutcomeJudged(judged=judged, derived=derived)


def _fault(
    command: JudgeOutcome,
    derived: TrialOutcome,
    before: JudgedOutcome | None,
    uow: UnitOfWork,
) -> tuple[str, str] | None:
    values = values_of(derived.outcome, derived.definition)
    why_not = _step_fault(command, derived, before)
    if why_not is None and command.decided_at < _earliest(command, derived, uow):
        return "decided_before_the_participant_was_registered", ""
    return value_fault(command.value, values) if why_not is None else (why_not, "")


def _earliest(
    command: JudgeOutcome, derived: TrialOutcome, uow: UnitOfWork
) -> datetime:
    """The first moment at which anybody could have judged it.

    Who took part before they were registered, by a sealed page, did from the outcome on.
    """
    who = uow.participants.of(
        trial=derived.trial, site=derived.site, patient=derived.patient
    )
    registered = command.decided_at if who is None else who.recorded_at
    return min(registered, derived.happened_at)


def _step_fault(
    command: JudgeOutcome, derived: TrialOutcome, before: JudgedOutcome | None
) -> str | None:
    judged_before = before is not None and before.judged_as != "taken_back"
    if not command.reason.strip():
        return "no_reason"
    if command.decided_at > command.at:
        return "decided_in_the_future"
    if command.judged_as == "taken_back" and command.value is not None:
        return "a_value_to_take_back"
    return step_fault(command.judged_as, derived.status, judged_before=judged_before)


def _judged(command: JudgeOutcome, derived: TrialOutcome, number: int) -> JudgedOutcome:
    return JudgedOutcome(
        judgement_id=identity("judged-outcome", command.outcome_id, str(number)),
        outcome_id=command.outcome_id,
        site=derived.site,
        trial=derived.trial,
        outcome=derived.outcome,
        number=number,
        of_revision=derived.revision,
        judged_as=command.judged_as,
        value=command.value,
        reason=command.reason,
        actor=command.actor,
        decided_at=command.decided_at,
        recorded_at=command.at,
    )


def _refused(code: ErrorCode, name: str, told: str) -> OutcomeNotJudged:
    return OutcomeNotJudged(obstacle=Obstacle(code, name, told))


def _entry(judged: JudgedOutcome, derived: TrialOutcome) -> AuditEntry:
    return AuditEntry(
        site=judged.site,
        trial=judged.trial,
        action=AuditAction.OUTCOME_JUDGED,
        actor=judged.actor,
        at=judged.recorded_at,
        subject=judged.judgement_id,
        detail={
            "record": record_digest(judged),
            "outcome": judged.outcome_id,
            "number": judged.number,
            "of_revision": judged.of_revision,
            "judged_as": judged.judged_as,
            "value": _told(judged.value),
            "derived": _told(derived.value),
            "derived_status": derived.status,
            "reason": judged.reason,
        },
    )


def _told(value: float | None) -> str | None:
    """A value as an audit row has it: canonical JSON here knows no fractions."""
    return None if value is None else f"{value:g}"
