"""Record one revision of a screening verdict; its alert follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import BatchRecorded, RecordBatch, record_batch
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordScreening:
    """One message of the stream."""

    message: TrialScreening
    recorded_at: datetime
    actor: str = "stream"


def record_screening(command: RecordScreening, uow: UnitOfWork) -> BatchRecorded:
    """Write it as a batch of one; a repetition is dropped."""
    batch = RecordBatch(
        messages=(command.message,),
        recorded_at=command.recorded_at,
        actor=command.actor,
    )
    return record_batch(batch, uow)
