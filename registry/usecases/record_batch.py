"""Record what the stream said: many messages, one transaction, one audit row a chain.

Onsets, screenings and outcomes are appended as revisions; what has been seen before
is dropped; alerts follow the verdicts; the patients' state and the cursor are saved
in the same transaction.
A batch of nothing but duplicates leaves no trace.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry.domain.alert import calls
from registry.domain.audit import AuditAction, AuditEntry, pairs_digest, sha256
from registry.usecases.declared import (
    excluding,
    terms_in_force,
    trials_in_force,
)
from registry.usecases.follow_alerts import AlertChange, Name, follow_alerts
from registry.usecases.one_person import flag_merges, regrouped
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import Stamp
from registry.usecases.stream_state import (
    ArchivedEvent,
    ChunkKey,
    Cursor,
    RecordedMessage,
    Seen,
    StateChunk,
)
from registry.usecases.tell_alerts import alerts_told
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
    encode,
)


Recordable = SepsisOnset | TrialScreening | TrialOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordBatch:
    """What one batch of the stream left to be written."""

    messages: Sequence[Recordable]
    recorded_at: datetime
    actor: str = "stream"
    archive: Sequence[ArchivedEvent] = ()
    chunks: Sequence[StateChunk] = ()
    dropped_chunks: Sequence[ChunkKey] = ()
    cursor: Cursor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRecorded:
    """What was new."""

    onsets: int
    screenings: int
    outcomes: int
    repeated: tuple[int, ...]
    """Which of the batch's messages were there before."""
    alerts: tuple[AlertChange, ...]
    conflicts: tuple[int, ...] = ()
    """Which of the batch's messages have the id of another one; that one stands."""

    @property
    def duplicates(self) -> int:
        """How many messages were there before."""
        return len(self.repeated)


@dataclass(frozen=True, slots=True)
class _Kept:
    """One new message with its JSON."""

    message: Recordable
    record: RecordedMessage

    @property
    def chain(self) -> tuple[str, str]:
        """Site and trial; an onset belongs to no trial."""
        message = self.message
        trial = "" if isinstance(message, SepsisOnset) else message.trial
        return message.site, trial


def record_batch(command: RecordBatch, uow: UnitOfWork) -> BatchRecorded:
    """Write the batch; what it repeats is dropped."""
    sorted_out = _unseen(command.messages, uow)
    kept = sorted_out.kept
    uow.stream.archive(command.archive)
    others = regrouped(command.archive, uow)
    batch_id = _batch_id(command, kept, others)
    stamp = Stamp(batch_id=batch_id, recorded_at=command.recorded_at)
    onsets = [(k.message, k.record) for k in kept if isinstance(k.message, SepsisOnset)]
    verdicts = [
        (k.message, k.record) for k in kept if isinstance(k.message, TrialScreening)
    ]
    outcomes = [
        (k.message, k.record) for k in kept if isinstance(k.message, TrialOutcome)
    ]
    known_before = uow.screenings.latest_revisions(
        {m.screening_id for m, _ in verdicts}
    )
    uow.stream.mark_seen(_noted(kept), command.recorded_at)
    uow.onsets.add(onsets, stamp)
    uow.screenings.add(verdicts, stamp)
    uow.outcomes.add(outcomes, stamp)
    _lock(kept, others, uow)
    alerts = follow_alerts(
        [message for message, _ in verdicts],
        uow,
        known_before=known_before,
        act=batch_id,
        recorded_at=command.recorded_at,
        regrouped=others,
    )
    _save_stream(command, uow)
    for entry in _audit_entries(command, batch_id, kept, alerts):
        uow.audit.append(entry)
    return BatchRecorded(
        onsets=len(onsets),
        screenings=len(verdicts),
        outcomes=len(outcomes),
        repeated=tuple(sorted_out.repeated),
        alerts=alerts,
        conflicts=tuple(sorted_out.conflicts),
    )


def batch_digest(rows: Iterable[tuple[str, str]]) -> str:
    """What pairs of message id and document add up to, in whatever order they come."""
    return pairs_digest((message_id, sha256(t.encode())) for message_id, t in rows)


@dataclass(frozen=True, slots=True)
class _SortedOut:
    """What is new, and which messages contradict what is there already."""

    kept: list[_Kept]
    repeated: list[int]
    conflicts: list[int]


def _unseen(messages: Sequence[Recordable], uow: UnitOfWork) -> _SortedOut:
    """The first message of an id stands, whatever a later one says."""
    stands = uow.stream.seen({m.message_id for m in messages}) if messages else {}
    sorted_out = _SortedOut([], [], [])
    for place, message in enumerate(messages):
        record = _record(message)
        if message.message_id not in stands:
            stands[message.message_id] = record.digest
            sorted_out.kept.append(_Kept(message, record))
        elif stands[message.message_id] in (record.digest, None):
            sorted_out.repeated.append(place)
        else:
            sorted_out.conflicts.append(place)
    return sorted_out


def _record(message: Recordable) -> RecordedMessage:
    payload = _encoded(message)
    return RecordedMessage(
        message_id=message.message_id,
        document=payload.decode(),
        digest=sha256(payload),
    )


def _encoded(message: Recordable) -> bytes:
    if isinstance(message, SepsisOnset):
        return encode(SEPSIS_ONSET, message)
    if isinstance(message, TrialScreening):
        return encode(TRIAL_SCREENING, message)
    return encode(TRIAL_OUTCOME, message)


def _noted(kept: Sequence[_Kept]) -> Iterator[Seen]:
    for k in kept:
        yield Seen(k.record.message_id, _topic(k.message), k.record.digest)


def _topic(message: Recordable) -> str:
    if isinstance(message, SepsisOnset):
        return "sepsis.onsets"
    if isinstance(message, TrialScreening):
        return "trial.screenings"
    return "trial.outcomes"


def _batch_id(
    command: RecordBatch, kept: Sequence[_Kept], others: Collection[Name]
) -> str:
    """By what it writes; that of persons who become others may be told again."""
    told = [k.record.message_id for k in kept]
    if others:
        told += [f"{one.patient}/{one.message_id}" for one in command.archive]
        told.append(iso(command.recorded_at))
    return identity("batch", *told)


def _lock(kept: Sequence[_Kept], others: Collection[Name], uow: UnitOfWork) -> None:
    """Where an alert may move, hold the chains before anything is read of the person.

    So no act of the team, and no merge, is overtaken; all of them, in the order in
    which they are written.
    """
    said = [k.message for k in kept if isinstance(k.message, TrialScreening)]
    calling = {(m.site, m.trial) for m in said if calls(m)}
    terms = terms_in_force(uow) if calling else {}
    places = {
        (site, name)
        for site, trial in calling
        for name in (trial, *excluding(trial, terms))
    }
    places |= {(site, trial) for site, _ in others for trial in trials_in_force(uow)}
    if not places:
        return
    for site, trial in sorted(places | {k.chain for k in kept}):
        uow.audit.lock(site=site, trial=trial)


def _save_stream(command: RecordBatch, uow: UnitOfWork) -> None:
    flag_merges(command.archive, uow, at=command.recorded_at)
    uow.stream.drop_chunks(command.dropped_chunks)
    uow.stream.save_chunks(command.chunks)
    if command.cursor is not None:
        uow.stream.save_cursor(command.cursor)


def _audit_entries(
    command: RecordBatch,
    batch_id: str,
    kept: Sequence[_Kept],
    alerts: Sequence[AlertChange],
) -> Iterator[AuditEntry]:
    """One entry a chain, chains in one order everywhere, so that none waits in a ring.

    A verdict of one trial may move the alerts of those that exclude it.
    """
    moved = {(c.record.site, c.record.trial) for c in alerts}
    for site, trial in sorted(moved | {k.chain for k in kept}):
        mine = [k for k in kept if k.chain == (site, trial)]
        told = pairs_digest((k.record.message_id, k.record.digest) for k in mine)
        steps = [
            c.record for c in alerts if (c.record.site, c.record.trial) == (site, trial)
        ]
        yield AuditEntry(
            site=site,
            trial=trial,
            action=AuditAction.BATCH_RECORDED,
            actor=command.actor,
            at=command.recorded_at,
            subject=batch_id,
            detail={"rows": len(mine), "digest": told, **alerts_told(steps)},
        )
