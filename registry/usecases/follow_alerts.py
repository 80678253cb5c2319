"""Let the alerts follow the verdicts of one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from registry.domain.alert import (
    UNCLOSED,
    Alert,
    AlertStatus,
    AlertStep,
    Hold,
    Move,
    calls,
    move,
    withheld,
)
from registry.domain.mode import Mode, Suppression
from registry.usecases.act_on_alerts import Board, moved
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from registry.usecases.tell_alerts import notice
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What became of one alert."""

    alert: Alert
    step: AlertStep
    suppressed: Suppression | None
    record: AlertRecord
    """The step as it is kept."""


def follow_alerts(
    verdicts: Sequence[TrialScreening],
    uow: UnitOfWork,
    *,
    known_before: Mapping[str, int],
    act: str,
    recorded_at: datetime,
) -> tuple[AlertChange, ...]:
    """Raise, update, expire or retract, one alert for a patient, domain and episode.

    `known_before` is the last revision of each screening before this batch: a verdict
    that comes late changes no alert; `act` is the batch.
    Who declined is not called about; of trials that exclude each other one calls, and
    the others' alerts are held back until it is over.
    """
    if not verdicts:
        return ()
    ids = {v.screening_id for v in verdicts}
    following = _Following(
        uow=uow,
        mode=uow.modes.current(),
        board=Board(uow, uow.alerts.unclosed(ids)),
        done=uow.alerts.acted(ids),
    )
    for verdict in _in_time(verdicts, known_before):
        following.follow(verdict)
    told = following.told
    records = uow.alerts.save([(t.alert, t.move) for t in told], act=act)
    uow.outbox.add(
        [
            notice(
                t.alert,
                t.move,
                verdict=t.verdict,
                mode=following.mode,
                at=recorded_at,
                anew=t.anew,
            )
            for t in told
            if t.move.tells
        ]
    )
    spoken = (t for t in told if t.move.step is not AlertStep.FOLLOWED)
    return tuple(
        AlertChange(t.alert, t.move.step, t.move.suppressed, record)
        for t, record in zip(spoken, records, strict=True)
    )


@dataclass(frozen=True, slots=True)
class _Told:
    """One step of one alert, and the verdict it rests on."""

    verdict: TrialScreening
    alert: Alert
    move: Move
    anew: bool = False


@dataclass(slots=True)
class _Following:
    """The alerts of the patients of one batch, as its verdicts move them."""

    uow: UnitOfWork
    mode: Mode
    board: Board
    done: set[str]
    told: list[_Told] = field(default_factory=list)

    def follow(self, verdict: TrialScreening) -> None:
        current = self.board.of(verdict.screening_id)
        step = move(current, verdict, self.mode, self._hold(verdict))
        if step is None or verdict.screening_id in self.done:
            return
        after = _after(current, verdict, step, verdict.known_at)
        self.board.put(after)
        self.told.append(_Told(verdict, after, step))
        if after.status not in UNCLOSED:
            self._release(after, verdict.known_at)
        elif after.held_back is None:
            self._withhold(after, verdict.known_at)

    def _hold(self, verdict: TrialScreening) -> Hold | None:
        return self.board.hold_on(verdict) if calls(verdict) else None

    def _withhold(self, caller: Alert, at: datetime) -> None:
        """Take back the calls of the trials that this one comes before."""
        for rival in self.board.outranked_by(caller):
            self._move(rival, withheld(rival, Hold.OUTRANKED, self.mode), at)

    def _release(self, gone: Alert, at: datetime) -> None:
        """Let those call that this one stood before."""
        for alert, verdict, step in self.board.released(gone, self.mode, at):
            self._move(alert, step, at, verdict)

    def _move(
        self,
        alert: Alert,
        step: Move,
        at: datetime,
        verdict: TrialScreening | None = None,
    ) -> None:
        after = moved(alert, step, at)
        self.board.put(after)
        known = verdict or self.uow.screenings.latest(alert.screening_id)
        if known is not None:
            self.told.append(_Told(known, after, step, anew=True))


def _in_time(
    verdicts: Sequence[TrialScreening], known_before: Mapping[str, int]
) -> Iterator[TrialScreening]:
    for verdict in sorted(verdicts, key=lambda v: v.revision):
        if verdict.revision > known_before.get(verdict.screening_id, -1):
            yield verdict


def _after(
    current: Alert | None, verdict: TrialScreening, step: Move, at: datetime
) -> Alert:
    before = current or _new(verdict, at)
    return replace(
        moved(before, step, at),
        verdict=verdict.status,
        revision=verdict.revision,
        deadline=verdict.deadline,
    )


def _new(verdict: TrialScreening, at: datetime) -> Alert:
    return Alert(
        alert_id=identity("alert", verdict.screening_id, str(verdict.revision)),
        screening_id=verdict.screening_id,
        site=verdict.site,
        patient=verdict.patient,
        trial=verdict.trial,
        domain=verdict.domain,
        episode=verdict.episode,
        status=AlertStatus.OPEN,
        suppressed=None,
        verdict=verdict.status,
        revision=verdict.revision,
        deadline=verdict.deadline,
        raised_at=at,
        changed_at=at,
    )
