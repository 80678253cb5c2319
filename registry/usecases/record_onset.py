"""Record one revision of a sepsis flag."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import BatchRecorded, RecordBatch, record_batch
from streams.vocabulary.messages import SepsisOnset


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOnset:
    """One message of the stream."""

    message: SepsisOnset
    recorded_at: datetime
    actor: str = "stream"


def record_onset(command: RecordOnset, uow: UnitOfWork) -> BatchRecorded:
    """Write it as a batch of one; a repetition is dropped."""
    batch = RecordBatch(
        messages=(command.message,),
        recorded_at=command.recorded_at,
        actor=command.actor,
    )
    return record_batch(batch, uow)
