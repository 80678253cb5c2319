"""The embedded runner: the whole chain in one process, on one database.

Messages come in the order in which they became known.
A batch is one transaction: outputs, archive, patients' heads and the cursor are
committed together or not at all, so an interrupted run continues exactly where the
last commit was.
The result does not depend on where a batch ends: each instant of each patient is
judged by itself, and checks fall due at their own moments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from registry.app.agenda import Agenda
from registry.app.instants import Instant, Instants
from registry.app.keeping import Keeping
from registry.app.patients import Key, Patients, head_chunk
from registry.store.unit_of_work import Registry
from registry.usecases.archive_batch import archived
from registry.usecases.follow_alerts import AlertChange
from registry.usecases.one_person import regrouped
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_batch import RecordBatch, record_batch
from registry.usecases.stream_state import ArchivedEvent, Cursor
from streams.pipeline.joining import Posted
from streams.pipeline.patient import Arrival, Rules, advance
from streams.vocabulary.clock import Clock
from streams.vocabulary.errors import BrokenInvariant, ErrorCode, SettingsError
from streams.vocabulary.events import Cancellation, PatientMerge, PatientUnmerge
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import (
    ClockTick,
    EhrMessage,
    Provenance,
    RosterEntry,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)


_NEVER = datetime.max.replace(tzinfo=UTC)
_MERGING = (Cancellation, PatientMerge, PatientUnmerge)
Output = SepsisOnset | TrialScreening | TrialOutcome


@dataclass(slots=True)
class Tally:
    """What a run did, for the log of runs and the progress bar."""

    messages: int = 0
    events: int = 0
    onsets: int = 0
    screenings: int = 0
    outcomes: int = 0
    duplicates: int = 0
    merges: int = 0
    """Merges and unmerges of patients that were carried out."""
    position: int = 0
    """Instants taken in since the source's beginning."""
    now: datetime | None = None
    """Where the run is in the time of the source."""


class People(Protocol):
    """Those who hear of alerts and act; in a replay there are none."""

    def hear(self, alerts: Iterable[AlertChange], agenda: Agenda) -> None:
        """Alerts changed; put on the agenda what will be done about it."""
        ...


@dataclass(slots=True)
class _Batch:
    """What one transaction is going to write."""

    outputs: list[Output] = field(default_factory=list)
    archive: list[ArchivedEvent] = field(default_factory=list)
    touched: dict[Key, None] = field(default_factory=dict)
    size: int = 0
    urgent: bool = False
    """Somebody may have to be told; what follows must not come before it."""
    merging: bool = False
    """Somebody is another person from here on: a batch of its own, so that nothing of
    before is judged by it."""


class EmbeddedRunner:
    """Runs one source into one registry.

    Rows are recorded by `clock`; without one by the time of the source itself, which
    is what a simulation wants.
    What waits in `keeping` is written with the next batch.
    """

    def __init__(
        self,
        registry: Registry,
        rules: Rules,
        *,
        source: str,
        fingerprint: str,
        clock: Clock | None = None,
        people: People | None = None,
        keeping: Keeping | None = None,
        batch_size: int = 2_000,
        on_progress: Callable[[Tally], None] = lambda _: None,
    ) -> None:
        self._registry = registry
        self._rules = rules
        self._source = source
        self._fingerprint = fingerprint
        self._clock = clock or _SourceClock(self)
        self._people = people
        self._keeping = Keeping() if keeping is None else keeping
        self._batch_size = batch_size
        self._on_progress = on_progress
        self._patients = Patients()
        self._agenda = Agenda()
        self.tally = Tally()

    def run(self, messages: Iterable[EhrMessage]) -> Tally:
        """Take everything in, then let the time pass that history says has passed.

        A run that was finished before is left as it is.
        Raises `SettingsError` EMB-404 where the registry holds a run of the same name
        over other data or other rules.
        """
        if self._resume():
            return self.tally
        instants = Instants(messages)
        instants.skip(self.tally.position)
        while instants.peek() or self._agenda.next_check() or self._agenda.next_act():
            self._commit(lambda uow: self._collect(uow, instants))
            if self._people_are_next(instants):
                self.tally.now, act = self._agenda.take_act()
                act(self.tally.now)
        self._commit(lambda _: _Batch(), phase="finished")
        return self.tally

    def begin(self) -> None:
        """Take up where the last run stopped, before the first `catch_up`."""
        self._resume()

    def catch_up(self, messages: Iterable[EhrMessage], until: datetime) -> None:
        """Take in what came, and let time pass up to `until` and no further."""
        instants = Instants(messages)
        while (
            instants.peek()
            or self._keeping
            or _until(self._agenda.next_check() or _NEVER, until)
        ):
            self._commit(lambda uow: self._collect(uow, instants, until))

    def resume_position(self) -> int:
        """How many instants were committed by earlier runs."""
        with self._registry.transaction() as uow:
            cursor = uow.stream.cursor(self._source)
        return 0 if cursor is None else int(cursor.position.partition(":")[2])

    def deliver(self, entry: RosterEntry) -> None:
        """Tell the patient's state, at once, that the patient takes part."""
        self._commit(lambda uow: self._advanced(uow, _Batch(), _key(entry), (entry,)))

    # -- where the last run stopped ------------------------------------------------

    def _resume(self) -> bool:
        """Take up where the last run stopped; tell whether everything is done."""
        with self._registry.transaction() as uow:
            cursor = uow.stream.cursor(self._source)
            if cursor is None:
                return False
            self._check(cursor)
            phase, _, position = cursor.position.partition(":")
            self.tally.position = int(position)
            if phase == "finished":
                return True
            for key in uow.stream.patients():
                self._agenda.check(key, self._patients.state(key, uow).due)
                self._patients.shed()
        return False

    def _check(self, cursor: Cursor) -> None:
        if cursor.fingerprint != self._fingerprint:
            raise SettingsError(
                ErrorCode.CURSOR_MISMATCH,
                f"The registry holds a run of {self._source} over other data, "
                "other subjects or other rules.",
                "Use a new registry, or the same data and rules as before.",
            )

    # -- one transaction -----------------------------------------------------------

    def _commit(
        self, collect: Callable[[UnitOfWork], _Batch], *, phase: str = "running"
    ) -> None:
        try:
            with self._registry.transaction() as uow:
                batch = collect(uow)
                recorded = record_batch(self._command(uow, batch, phase), uow)
                self._keeping.write(uow, self._clock.now())
        except BaseException:
            self._patients.forget()
            raise
        self._keeping.written()
        self._patients.shed()
        self.tally.duplicates += recorded.duplicates
        if self._people is not None:
            self._people.hear(recorded.alerts, self._agenda)
        self._on_progress(self.tally)

    def _command(self, uow: UnitOfWork, batch: _Batch, phase: str) -> RecordBatch:
        return RecordBatch(
            messages=tuple(batch.outputs),
            recorded_at=self._clock.now(),
            archive=tuple(batch.archive),
            chunks=tuple(
                head_chunk(self._patients.state(key, uow)) for key in batch.touched
            ),
            cursor=Cursor(
                source=self._source,
                position=f"{phase}:{self.tally.position}",
                fingerprint=self._fingerprint,
            ),
        )

    def _collect(
        self, uow: UnitOfWork, instants: Instants, until: datetime | None = None
    ) -> _Batch:
        """Checks and instants in order of time, until the batch is full or people act.

        A check due at the very moment of an instant is left to the instant, which
        judges the patient at that moment anyway.
        """
        batch = _Batch()
        while not self._is_full(batch):
            act, check = self._agenda.next_act(), self._agenda.next_check()
            if check is not None and not _until(check, until):
                check = None
            upcoming = instants.peek()
            arrives = None if upcoming is None else upcoming.known_at
            if check is not None and _before(check, arrives) and _until(check, act):
                self._fire(uow, batch, *self._agenda.take_check())
            elif upcoming is not None and _before(upcoming.known_at, act):
                merging = _merges(upcoming, uow)
                if merging and batch.size:
                    break
                batch.merging = merging
                self._take(uow, batch, instants.take())
            else:
                break
        return batch

    def _is_full(self, batch: _Batch) -> bool:
        told = batch.urgent and self._people is not None
        return told or batch.merging or batch.size >= self._batch_size

    def _people_are_next(self, instants: Instants) -> bool:
        act, check = self._agenda.next_act(), self._agenda.next_check()
        upcoming = instants.peek()
        if act is None or (check is not None and check <= act):
            return False
        return upcoming is None or act <= upcoming.known_at

    def _take(self, uow: UnitOfWork, batch: _Batch, instant: Instant) -> None:
        self.tally.now = instant.known_at
        self._advanced(uow, batch, instant.key, instant.messages)
        for message in instant.messages:
            batch.archive.extend(archived(message))
            self.tally.events += len(message.events)
            self.tally.merges += sum(
                isinstance(event, PatientMerge | PatientUnmerge)
                for event in message.events
            )
        self.tally.messages += len(instant.messages)
        self.tally.position += 1

    def _fire(self, uow: UnitOfWork, batch: _Batch, due: datetime, key: Key) -> None:
        self.tally.now = due
        state = self._patients.state(key, uow)
        provenance = "live" if state.live else state.provenance
        self._advanced(uow, batch, key, (_tick(key, due, provenance),))

    def _advanced(
        self, uow: UnitOfWork, batch: _Batch, key: Key, arrivals: tuple[Arrival, ...]
    ) -> _Batch:
        """The batch with what one patient's arrivals give, to others too after a merge."""
        state = self._patients.state(key, uow)
        for_others: dict[Key, list[Posted]] = {}
        for message in advance(state, arrivals, self._rules):
            if isinstance(message, Output):
                batch.outputs.append(message)
                batch.urgent |= isinstance(message, TrialScreening)
                self._count(message)
            elif isinstance(message, Posted):
                for_others.setdefault(_key(message), []).append(message)
        self._agenda.check(key, state.due)
        batch.touched[key] = None
        batch.size += len(arrivals)
        for other, told in for_others.items():
            self._advanced(uow, batch, other, tuple(told))
            for message in told:
                if isinstance(message, EhrMessage):
                    batch.archive.extend(archived(message))
        return batch

    def _count(self, message: Output) -> None:
        match message:
            case SepsisOnset():
                self.tally.onsets += 1
            case TrialScreening():
                self.tally.screenings += 1
            case TrialOutcome():
                self.tally.outcomes += 1


class _SourceClock:
    """The time of the source itself: what a simulation records by."""

    def __init__(self, runner: EmbeddedRunner) -> None:
        self._runner = runner

    def now(self) -> datetime:
        """The moment the run has reached."""
        reached = self._runner.tally.now
        if reached is None:
            raise BrokenInvariant("a run was recorded before it began")
        return reached


def _key(entry: Posted) -> Key:
    return (entry.site, entry.patient)


def _merges(instant: Instant, uow: UnitOfWork) -> bool:
    """Whether it makes somebody another person, or says that nobody was."""
    if not any(isinstance(e, _MERGING) for m in instant.messages for e in m.events):
        return False
    return bool(regrouped((e for m in instant.messages for e in archived(m)), uow))


def _tick(key: Key, due: datetime, provenance: Provenance) -> ClockTick:
    site, patient = key
    return ClockTick(
        message_id=identity("tick", site, patient, due.isoformat()),
        site=site,
        patient=patient,
        happened_at=due,
        known_at=due,
        source="clock",
        provenance=provenance,
    )


def _before(moment: datetime, other: datetime | None) -> bool:
    return other is None or moment < other


def _until(moment: datetime, other: datetime | None) -> bool:
    return other is None or moment <= other
