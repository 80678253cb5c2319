"""Record a human's signed answer to one criterion of a screening."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle, status_with_answers, to_be_asked
from registry.domain.participant import HumanAnswer
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity, screening_identity
from streams.vocabulary.messages import ScreeningStatus, TrialScreening, Truth


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
    actor: str
    at: datetime

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


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRefused:
    """Nothing was recorded."""

    obstacle: Obstacle


def record_answer(
    command: RecordAnswer, uow: UnitOfWork
) -> AnswerRecorded | AnswerRefused:
    """Append the answer; the latest of a criterion counts, the others stay."""
    uow.audit.lock(site=command.site, trial=command.trial)
    screening = uow.screenings.latest(command.screening_id)
    if screening is None:
        return AnswerRefused(
            obstacle=Obstacle(ErrorCode.UNKNOWN_SCREENING, "not_screened")
        )
    if command.criterion_id not in {c.criterion_id for c in to_be_asked(screening)}:
        return AnswerRefused(
            obstacle=Obstacle(
                ErrorCode.UNKNOWN_CRITERION, "not_to_be_asked", command.criterion_id
            )
        )
    answer = _answer(command, screening, uow)
    uow.answers.add(answer)
    uow.audit.append(_entry(command, answer))
    return AnswerRecorded(
        answer_id=answer.answer_id,
        revision=answer.revision,
        status=status_with_answers(screening, valid_answers(screening, uow)),
    )


def valid_answers(screening: TrialScreening, uow: UnitOfWork) -> dict[str, Truth]:
    """The latest answer by criterion, as far as given for this protocol version."""
    return {
        answer.criterion_id: answer.truth
        for answer in uow.answers.latest(screening.screening_id)
        if answer.protocol_hash == screening.protocol_hash
    }


def _answer(
    command: RecordAnswer, screening: TrialScreening, uow: UnitOfWork
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
            "reason": answer.reason,
        },
    )
