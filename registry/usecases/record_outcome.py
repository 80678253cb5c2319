"""Record one revision of an outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import BatchRecorded, RecordBatch, record_batch
from streams.vocabulary.messages import TrialOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOutcome:
    """One message of the stream."""

    message: TrialOutcome
    recorded_at: datetime
    actor: str = "stream"


def record_outcome(command: RecordOutcome, uow: UnitOfWork) -> BatchRecorded:
    """Write it as a batch of one; a repetition is dropped."""
    batch = RecordBatch(
        messages=(command.message,),
        recorded_at=command.recorded_at,
        actor=command.actor,
    )
    return record_batch(batch, uow)
