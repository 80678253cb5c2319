"""Record a human's signed answer to one criterion of a screening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle, status_with_answers
from registry.domain.participant import HumanAnswer
from registry.domain.reason import is_reason
from registry.usecases.declared import ANYBODY, asked
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity, screening_identity
from streams.vocabulary.messages import ScreeningStatus, TrialScreening, Truth
from streams.vocabulary.protocol import Answerer


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAnswer:
    """Who says what of which criterion."""

    site: str
    patient: str
    trial: str
    domain: str
    episode: str
    criterion_id: str
    truth: Truth
    reason: str | None
    """Wanted where another answer, which still counts, is superseded."""
    actor: str
    at: datetime
    answered_as: Answerer | None = None
    """In which capacity, where the protocol says who may answer."""

    @property
    def screening_id(self) -> str:
        """The screening it answers."""
        return screening_identity(
            site=self.site,
            patient=self.patient,
            trial=self.trial,
            domain=self.domain,
            episode=self.episode,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRecorded:
    """The answer, and what the verdict is once it counts."""

    answer_id: str
    revision: int
    status: ScreeningStatus
    is_opinion: bool
    """The machine had decided it: kept to be compared, and never counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRefused:
    """Nothing was recorded."""

    obstacle: Obstacle


def record_answer(
    command: RecordAnswer, uow: UnitOfWork
) -> AnswerRecorded | AnswerRefused:
    """Append the answer; the latest of a criterion counts, the others stay.

    What is said of a criterion the machine has decided is an opinion beside its verdict.
    """
    uow.audit.lock(site=command.site, trial=command.trial)
    screening = uow.screenings.latest(command.screening_id)
    if screening is None:
        return AnswerRefused(
            obstacle=Obstacle(ErrorCode.UNKNOWN_SCREENING, "not_screened")
        )
    told = {c.criterion_id: c for c in screening.criteria}
    if command.criterion_id not in told:
        return AnswerRefused(
            obstacle=Obstacle(
                ErrorCode.UNKNOWN_CRITERION, "no_such_criterion", command.criterion_id
            )
        )
    answer = _answer(command, screening, told[command.criterion_id].truth, uow)
    obstacle = None if answer.is_opinion else _obstacle(command, screening, uow)
    if obstacle is not None:
        return AnswerRefused(obstacle=obstacle)
    uow.answers.add(answer)
    uow.audit.append(_entry(command, answer))
    return AnswerRecorded(
        answer_id=answer.answer_id,
        revision=answer.revision,
        status=status_with_answers(
            screening, valid_answers(screening, uow, at=command.at)
        ),
        is_opinion=answer.is_opinion,
    )


def valid_answers(
    screening: TrialScreening, uow: UnitOfWork, *, at: datetime
) -> dict[str, Truth]:
    """The latest answer by criterion that counts at `at`.

    One that was given for another protocol version does not, nor one that is older
    than the protocol lets it hold, nor an opinion beside the machine's verdict.
    """
    whom = asked(uow, screening.trial, screening.protocol_hash)
    return {
        answer.criterion_id: answer.truth
        for answer in uow.answers.latest(screening.screening_id, opinions=False)
        if answer.protocol_hash == screening.protocol_hash
        and whom.get(answer.criterion_id, ANYBODY).holds(answer.answered_at, at)
    }


def _obstacle(
    command: RecordAnswer, screening: TrialScreening, uow: UnitOfWork
) -> Obstacle | None:
    return _not_theirs(command, screening, uow) or _unexplained(command, screening, uow)


def _unexplained(
    command: RecordAnswer, screening: TrialScreening, uow: UnitOfWork
) -> Obstacle | None:
    """A change of what counts says why (ICH E6(R3) 4.2.2)."""
    counts = valid_answers(screening, uow, at=command.at).get(command.criterion_id)
    if counts in {None, command.truth} or is_reason(command.reason):
        return None
    return Obstacle(ErrorCode.REASON_MISSING, "no_reason_for_change", counts or "")


def _not_theirs(
    command: RecordAnswer, screening: TrialScreening, uow: UnitOfWork
) -> Obstacle | None:
    """Who may answer is the protocol's to say."""
    whom = asked(uow, screening.trial, screening.protocol_hash)
    ask = whom.get(command.criterion_id)
    if ask is None or not ask.by or command.answered_as in ask.by:
        return None
    told = ", ".join(sorted(ask.by))
    return Obstacle(ErrorCode.NOT_TO_ANSWER, "not_theirs_to_answer", told)


def _answer(
    command: RecordAnswer,
    screening: TrialScreening,
    machine_truth: Truth,
    uow: UnitOfWork,
) -> HumanAnswer:
    before = [
        answer.revision
        for answer in uow.answers.latest(screening.screening_id)
        if answer.criterion_id == command.criterion_id
    ]
    revision = max(before, default=0) + 1
    return HumanAnswer(
        answer_id=identity(
            "answer", screening.screening_id, command.criterion_id, str(revision)
        ),
        screening_id=screening.screening_id,
        screening_revision=screening.revision,
        protocol_hash=screening.protocol_hash,
        criterion_id=command.criterion_id,
        revision=revision,
        truth=command.truth,
        reason=command.reason,
        actor=command.actor,
        answered_at=command.at,
        answered_as=command.answered_as,
        machine_truth=machine_truth,
    )


def _entry(command: RecordAnswer, answer: HumanAnswer) -> AuditEntry:
    return AuditEntry(
        site=command.site,
        trial=command.trial,
        action=AuditAction.ANSWER_RECORDED,
        actor=command.actor,
        at=command.at,
        subject=answer.answer_id,
        detail={
            "record": record_digest(answer),
            "screening": answer.screening_id,
            "screening_revision": answer.screening_revision,
            "criterion": answer.criterion_id,
            "revision": answer.revision,
            "truth": answer.truth,
            "answered_as": answer.answered_as,
            "machine_truth": answer.machine_truth,
            "reason": answer.reason,
        },
    )
