"""Let the alerts follow the verdicts of one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

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
from registry.domain.mode import Mode, Suppression, suppression
from registry.usecases.act_on_alerts import Board, moved
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from registry.usecases.tell_alerts import notice
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialScreening


Name = tuple[str, str]
"""Site and pseudonym."""


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
    regrouped: Mapping[Name, datetime] = MappingProxyType({}),
) -> tuple[AlertChange, ...]:
    """Raise, update, expire or retract, one alert for a patient, domain and episode.

    `known_before` is the last revision of each screening before this batch: a verdict
    that comes late changes no alert; `act` is the batch; `regrouped` are the patients
    (site and pseudonym) who are another person since a merge or unmerge, and since
    when that is known: what they were called about is looked at again.
    Whom the gate would refuse is not called about; one person is called about once for
    one domain, whatever the stay or the name; of trials that exclude each other one
    calls. The others' alerts are held back until that is over.
    """
    if not verdicts and not regrouped:
        return ()
    ids = {v.screening_id for v in verdicts}
    following = _Following(
        uow=uow,
        mode=uow.modes.current(),
        board=Board(uow, uow.alerts.unclosed(ids)),
        done=uow.alerts.acted(ids),
    )
    calling = {(v.site, v.patient) for v in verdicts if calls(v)}
    following.board.foresee(calling | regrouped.keys())
    for verdict in _in_time(verdicts, known_before):
        following.follow(verdict)
    for (site, patient), at in sorted(regrouped.items()):
        following.settle(site, patient, at)
    told = following.told
    records = uow.alerts.save([(t.alert, t.move) for t in told], act=act)
    spoken = [t for t in told if t.move.step is not AlertStep.FOLLOWED]
    kept = list(zip(spoken, records, strict=True))
    uow.outbox.add(
        [
            notice(
                t.alert,
                t.move,
                verdict=t.verdict,
                mode=following.mode,
                at=recorded_at,
                number=record.number,
                anew=t.anew,
            )
            for t, record in kept
            if t.move.tells
        ]
    )
    return tuple(
        AlertChange(t.alert, t.move.step, t.move.suppressed, record)
        for t, record in kept
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
        if verdict.screening_id in self.done:
            return
        current = self.board.of(verdict.screening_id)
        step = move(current, verdict, self.mode, self._hold(current, verdict))
        if step is None:
            return
        after = _after(current, verdict, step, verdict.known_at)
        self.board.put(after)
        self.told.append(_Told(verdict, after, step))
        if after.status in UNCLOSED and after.held_back is None:
            self._withhold(after, verdict.known_at)
        elif current is not None:
            self._release(after, verdict.known_at)

    def settle(self, site: str, patient: str, at: datetime) -> None:
        """Hold back and release what this person, as it is known now, is called about."""
        for alert, verdict, step in self.board.settled(site, patient, self.mode, at):
            self._move(alert, step, at, verdict)

    def _hold(self, current: Alert | None, verdict: TrialScreening) -> Hold | None:
        if not calls(verdict):
            return None
        mine = current or _to_come(verdict)
        why_not = suppression(self.mode, verdict.provenance)
        return self.board.hold_on(replace(mine, deadline=verdict.deadline), why_not)

    def _withhold(self, caller: Alert, at: datetime) -> None:
        """Take back the calls that this one comes before."""
        for other, hold in self.board.displaced_by(caller):
            self._move(other, withheld(other, hold, self.mode), at)

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
    """As they became known, the revisions of one screening in their own order."""
    reached: dict[str, datetime] = {}
    turns = []
    for verdict in sorted(verdicts, key=lambda v: v.revision):
        name = verdict.screening_id
        reached[name] = max(verdict.known_at, reached.get(name, verdict.known_at))
        if verdict.revision > known_before.get(name, -1):
            turns.append((reached[name], verdict))
    return (verdict for _, verdict in sorted(turns, key=lambda turn: turn[0]))


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


def _to_come(verdict: TrialScreening) -> Alert:
    """What would be raised; until it is, it comes after all that calls."""
    return replace(_new(verdict, verdict.known_at), status=AlertStatus.SUPPRESSED)


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
