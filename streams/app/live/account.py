"""What a worker counts of its turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

from faust.types import TP

from streams.app.live.turn import Record, Turn
from streams.app.observe.http import Heartbeat
from streams.app.observe.metrics import IntakeMetrics, Metrics, WorkerMetrics
from streams.pipeline.ingest import SourceMessage
from streams.pipeline.log import Resident
from streams.vocabulary.messages import (
    EhrMessage,
    Logged,
    ProtocolInForce,
    Provenance,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)
from streams.vocabulary.topics import EVENTS, SEALED


_OUTCOMES = {"mapped": "applied", "filed": "ignored", "rejected": "rejected"}
"""Of a source message, in the words of the metrics."""
_LONG_AGO = timedelta(days=1)


class Account:
    """Counts for the metrics, and the beats of what must not stand still."""

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = WorkerMetrics(metrics)
        self._intake = IntakeMetrics(metrics)
        self.committed = Heartbeat()
        """Beats when offsets were committed, and when there are none to commit."""
        self.answered = Heartbeat()
        """Beats when the broker has said how much there is to read."""
        self.metrics.commit_age.follow(self.committed.age)
        self._commits = 0
        self.skipped = 0
        """Records that retention took before they were read."""
        self._met: Counter[tuple[str, str]] = Counter()
        self._known_delay = {
            name: self.metrics.known_delay.of(provenance=name)
            for name in get_args(Provenance)
        }

    def met(self, resident: Resident, message: Logged, record: Record) -> None:
        """A record was read that is about to be judged; told when the turn is over."""
        if isinstance(message, ProtocolInForce):
            return
        known = record.offset <= resident.position
        self._met["record", "repeated" if known else "applied"] += 1
        if not isinstance(message, EhrMessage) or known:
            return
        self._met["event", message.provenance] += len(message.events)
        clock = resident.state.clock
        if clock is not None and message.known_at < clock:
            self._met["late", "behind_clock"] += 1
        delay = message.known_at - message.happened_at
        if delay > _LONG_AGO:
            self._met["late", "long_ago"] += 1
        self._known_delay[message.provenance](delay.total_seconds())

    def _tell_met(self) -> None:
        for (what, name), count in self._met.items():
            match what:
                case "record":
                    self.metrics.records.add(count, topic=EVENTS, outcome=name)
                case "event":
                    self.metrics.events.add(count, provenance=name)
                case "late":
                    self.metrics.late.add(count, kind=name)
        self._met.clear()

    @contextmanager
    def taking(self, records: int) -> Iterator[None]:
        """A turn over so many records."""
        self.metrics.batch_records.observe(records)
        with self.metrics.batch_seconds.time():
            yield

    def flushing(self) -> AbstractContextManager[None]:
        """The time until the broker has what a turn sends."""
        return self.metrics.flush_seconds.time()

    def loaded(self, said_again: int) -> None:
        """A patient was read from the shelf."""
        if said_again:
            self.metrics.redone.add(said_again)

    def carried_out(self, turn: Turn) -> None:
        """The broker has all of a turn."""
        self._tell_met()
        for letter in turn.letters:
            self.metrics.rejected.add(code=letter.code)
            self.metrics.records.add(topic=letter.topic, outcome="rejected")
        now = datetime.now(UTC)
        for message in turn.said:
            match message:
                case SepsisOnset():
                    self.metrics.flags.add(
                        definition=message.definition, status=message.status
                    )
                    if message.provenance == "live":
                        delay = (now - message.known_at).total_seconds()
                        self.metrics.flag_delay.observe(delay)
                case TrialScreening():
                    self.metrics.verdicts.add(
                        trial=message.trial,
                        domain=message.domain,
                        status=message.status,
                    )
                case TrialOutcome():
                    self.metrics.outcomes.add(
                        trial=message.trial, status=message.status
                    )

    def holds(self, residents: Collection[Resident]) -> None:
        """So many patients are in memory now."""
        self.metrics.state_patients.set(len(residents))
        self.metrics.state_chunks.set(sum(len(one.chunks) for one in residents))

    def read(self, form: str, message: SourceMessage) -> None:
        """A message was read as its source wrote it."""
        named = form.removesuffix(SEALED)
        self._intake.messages.add(form=named, outcome=_OUTCOMES[message.outcome])
        if message.unmapped:
            self._intake.unmapped.add(message.unmapped, form=named)
        for fault in message.faults:
            self._intake.faults.add(form=named, code=fault.code.value)

    def behind(self, unread: dict[TP, int], *, commits: int, skipped: int) -> None:
        """Records by topic and partition that were not carried out yet.

        `commits` that the broker took, and records that are gone unread, so far.
        """
        if commits != self._commits:
            self._commits = commits
            self.committed.beat()
        if skipped > self.skipped:
            self.metrics.skipped.add(skipped - self.skipped)
            self.skipped = skipped
        for tp, count in unread.items():
            self.metrics.lag.set(count, topic=tp.topic, partition=str(tp.partition))

    def told(self, left: int) -> None:
        """The broker has just said that so many records are not carried out yet."""
        self.answered.beat()
        if not left:
            self.committed.beat()

    def stored(self, datadir: Path) -> None:
        """Measure the local state."""
        files = (file for file in datadir.rglob("*") if file.is_file())
        self.metrics.state_bytes.set(sum(_size(file) for file in files))

    def ingested(self, counts: Counter[tuple[str, str]]) -> None:
        """Raw records by topic and what became of them."""
        for (topic, outcome), count in counts.items():
            self.metrics.records.add(count, topic=topic, outcome=outcome)


def _size(file: Path) -> int:
    """Bytes; a file that RocksDB has just taken away has none."""
    try:
        return file.stat().st_size
    except OSError:
        return 0
