"""What the team does, and what other trials do, moves alerts too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from registry.domain.alert import (
    UNCLOSED,
    Alert,
    AlertStep,
    Hold,
    Move,
    calls,
    closed,
    released,
    stands_before,
    withheld,
)
from registry.domain.mode import Mode, Suppression, suppression
from registry.usecases.holding import Holding
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from registry.usecases.tell_alerts import notice
from streams.vocabulary.messages import TrialScreening


_Name = tuple[str, str]
"""Site and pseudonym."""
_WAITING = (Hold.OUTRANKED, Hold.CALLED)
"""What holds an alert back only as long as another one stands."""


class Board:
    """The unclosed alerts of the patients one act is about, and what holds them."""

    def __init__(
        self,
        uow: UnitOfWork,
        standing: dict[str, Alert] | None = None,
        *,
        holding: Holding | None = None,
    ) -> None:
        self._uow = uow
        self._standing: dict[str, Alert] = {}
        self._of_name: defaultdict[_Name, set[str]] = defaultdict(set)
        for alert in (standing or {}).values():
            self._stand(alert)
        self._read: set[_Name] = set()
        self._gone: set[str] = set()
        self.holding = Holding(uow) if holding is None else holding

    def foresee(self, names: Collection[tuple[str, str]]) -> None:
        """Read at once what will be asked of these patients (site, pseudonym)."""
        for site in sorted({site for site, _ in names}):
            mine = {patient for one, patient in names if one == site}
            self.holding.foresee(site, mine)
            asked = {n for patient in mine for n in self.holding.names(site, patient)}
            self._read_alerts(site, asked)

    def of(self, screening_id: str) -> Alert | None:
        """The unclosed alert of a screening."""
        return self._standing.get(screening_id)

    def put(self, alert: Alert) -> None:
        """The alert as it stands now; who is closed leaves the board."""
        if alert.status in UNCLOSED:
            self._stand(alert)
        else:
            self._standing.pop(alert.screening_id, None)
            self._gone.add(alert.alert_id)

    def hold_on(self, mine: Alert, why_not: Suppression | None) -> Hold | None:
        """Why nobody is to be called by this alert; it need not be on the board.

        `why_not` is what keeps it silent anyway.
        """
        place = (mine.site, mine.patient, mine.trial)
        refused = self.holding.refused(*place, mine.domain)
        if refused is not None:
            return refused
        rivals = [r for r in self.rivals(*place) if stands_before(r, why_not)]
        if self.holding.outranked(mine.trial, mine.deadline, rivals):
            return Hold.OUTRANKED
        called = any(
            stands_before(other, why_not) and not self._precedes(mine, other)
            for other in self._of_the_question(mine)
        )
        return Hold.CALLED if called else None

    def rivals(self, site: str, patient: str, trial: str) -> tuple[Alert, ...]:
        """The person's unclosed alerts of the trials that leave no room for this one."""
        excluding = self.holding.excluding(trial)
        if not excluding:
            return ()
        return tuple(a for a in self.of_person(site, patient) if a.trial in excluding)

    def of_person(self, site: str, patient: str) -> tuple[Alert, ...]:
        """The person's unclosed alerts, under all names."""
        names = self.holding.names(site, patient)
        if (site, names[0]) not in self._read:
            self._read_alerts(site, names)
        mine = {ref for name in names for ref in self._of_name[site, name]}
        found = (self._standing[ref] for ref in mine if ref in self._standing)
        return tuple(sorted(found, key=lambda a: a.alert_id))

    def _read_alerts(self, site: str, names: Collection[str]) -> None:
        self._read |= {(site, name) for name in names}
        for alert in self._uow.alerts.unclosed_of(site=site, patients=names):
            known = alert.screening_id in self._standing
            if not known and alert.alert_id not in self._gone:
                self._stand(alert)

    def _stand(self, alert: Alert) -> None:
        self._standing[alert.screening_id] = alert
        self._of_name[alert.site, alert.patient].add(alert.screening_id)

    def displaced_by(self, caller: Alert) -> tuple[tuple[Alert, Hold], ...]:
        """The alerts whose place this one takes, and what holds them from now on."""
        rivals = self.rivals(caller.site, caller.patient, caller.trial)
        outranked = [
            (rival, Hold.OUTRANKED)
            for rival in rivals
            if self.holding.outranks(caller.trial, caller.deadline, rival)
        ]
        called = [(other, Hold.CALLED) for other in self._of_the_question(caller)]
        return tuple(
            (alert, hold)
            for alert, hold in (*outranked, *called)
            if alert.held_back is None and stands_before(caller, alert.suppressed)
        )

    def released(
        self, gone: Alert, mode: Mode, at: datetime
    ) -> Iterator[tuple[Alert, TrialScreening, Move]]:
        """The alerts that may call now that this one does not, the first in rank first.

        Each is to be put back as it stands before the next is asked for.
        """
        rivals = self.rivals(gone.site, gone.patient, gone.trial)
        waiting = (*rivals, *self._of_the_question(gone))
        return self._free([a for a in waiting if a.held_back in _WAITING], mode, at)

    def settled(
        self, site: str, patient: str, mode: Mode, at: datetime
    ) -> Iterator[tuple[Alert, TrialScreening, Move]]:
        """What becomes of a person's alerts, whoever that is now; as `released`."""
        for alert in sorted(self.of_person(site, patient), key=self.holding.order):
            verdict = self._uow.screenings.latest(alert.screening_id)
            if verdict is None or alert.held_back is not None:
                continue
            hold = self.hold_on(alert, suppression(mode, verdict.provenance))
            if hold is not None:
                yield alert, verdict, withheld(alert, hold, mode)
        held = [a for a in self.of_person(site, patient) if a.held_back is not None]
        yield from self._free(held, mode, at)

    def _free(
        self, waiting: Sequence[Alert], mode: Mode, at: datetime
    ) -> Iterator[tuple[Alert, TrialScreening, Move]]:
        """Those of the waiting that nothing holds back any more."""
        for alert in sorted(waiting, key=self.holding.order):
            verdict = self._uow.screenings.latest(alert.screening_id)
            if verdict is None or at > alert.deadline or not calls(verdict):
                continue
            if self.hold_on(alert, suppression(mode, verdict.provenance)) is None:
                yield alert, verdict, released(verdict, mode)

    def _of_the_question(self, mine: Alert) -> tuple[Alert, ...]:
        """The person's alerts of the same domain, for other stays or other names."""
        return tuple(
            other
            for other in self.of_person(mine.site, mine.patient)
            if (other.trial, other.domain) == (mine.trial, mine.domain)
            and other.screening_id != mine.screening_id
        )

    def _precedes(self, mine: Alert, other: Alert) -> bool:
        turn = self.holding.turn
        return mine.held_back is None and turn(mine) < turn(other)


def moved(alert: Alert, step: Move, at: datetime) -> Alert:
    """The alert after a step."""
    return replace(
        alert,
        status=step.status,
        suppressed=step.suppressed,
        held_back=step.held_back,
        changed_at=at,
    )


def close_alerts_of(
    uow: UnitOfWork,
    *,
    site: str,
    patient: str,
    act: str,
    at: datetime,
    trial: str | None = None,
    domain: str | None = None,
    mode: Mode | None = None,
    holding: Holding | None = None,
    said: TrialScreening | None = None,
) -> tuple[AlertRecord, ...]:
    """The team has acted: nobody is called about this person any more.

    That is under all names, for one trial or all; `domain` limits it to one question
    of the trial; `act` is what the team did; `mode`, `holding` and `said`, the latest
    verdict, are what the act has read already.  Trials that had to wait may call now:
    their steps are among those given.
    """
    board = Board(uow, holding=holding)
    mode = uow.modes.current() if mode is None else mode
    mine = [
        alert
        for alert in board.of_person(site, patient)
        if trial in (None, alert.trial) and domain in (None, alert.domain)
    ]
    steps: list[tuple[Alert, Move]] = []
    for alert in mine:
        step = closed(alert, AlertStep.ACTED, mode)
        after = replace(alert, status=step.status, changed_at=at)
        board.put(after)
        steps.append((after, step))
    records = _save(steps, uow, mode=mode, act=act, at=at, said=said)
    for alert in mine:
        for other, _, step in board.released(alert, mode, at):
            after = moved(other, step, at)
            board.put(after)
            records += _save([(after, step)], uow, mode=mode, act=act, at=at)
    return records


def withhold_alerts_of(
    uow: UnitOfWork, *, site: str, patient: str, trial: str, act: str, at: datetime
) -> tuple[AlertRecord, ...]:
    """Who takes part in one trial is not called about for those it excludes."""
    board, mode = Board(uow), uow.modes.current()
    steps = []
    for alert in board.rivals(site, patient, trial):
        step = withheld(alert, Hold.CO_ENROLLED, mode)
        steps.append((moved(alert, step, at), step))
    return _save(steps, uow, mode=mode, act=act, at=at)


def _save(
    steps: Sequence[tuple[Alert, Move]],
    uow: UnitOfWork,
    *,
    mode: Mode,
    act: str,
    at: datetime,
    said: TrialScreening | None = None,
) -> tuple[AlertRecord, ...]:
    records = uow.alerts.save(steps, act=act)
    kept = [one for one in steps if one[1].step is not AlertStep.FOLLOWED]
    for (after, step), record in zip(kept, records, strict=True):
        if not step.tells:
            continue
        verdict = said
        if said is None or said.screening_id != after.screening_id:
            verdict = uow.screenings.latest(after.screening_id)
        if verdict is not None:
            told = notice(
                after,
                step,
                verdict=verdict,
                mode=mode,
                at=at,
                number=record.number,
                anew=step.step is not AlertStep.ACTED,
            )
            uow.outbox.add([told])
    return records
