"""The scripted team of the demonstration: people who hear an alert, and act on it.

They come some time after the alert, answer what only a human can say, ask for
consent, and randomise. Their delays and decisions are drawn from a seeded generator,
so a demonstration can be repeated. They act through the same use cases as real ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from registry.app.agenda import Agenda
from registry.app.embedded import EmbeddedRunner
from registry.domain.alert import Alert, AlertStep
from registry.domain.consent import ConsentState
from registry.domain.randomisation.signer import Signer
from registry.store.unit_of_work import Registry
from registry.usecases.declared import asked
from registry.usecases.follow_alerts import AlertChange
from registry.usecases.ports import UnitOfWork
from registry.usecases.randomise import NotRandomised, Randomise, Randomised, randomise
from registry.usecases.record_answer import RecordAnswer, record_answer
from registry.usecases.record_consent import (
    ConsentRecorded,
    RecordConsent,
    record_consent,
)
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import Truth
from streams.vocabulary.protocol import Answerer


COORDINATOR = "coordinator.demo"
INVESTIGATOR = "investigator.demo"

_CALLS = (AlertStep.RAISED, AlertStep.UPDATED)

_NIGHT = range(7)
"""Hours (UTC) in which the coordinator on call takes longer to come."""


@dataclass(frozen=True, slots=True)
class Case:
    """Whom an alert is about."""

    site: str
    patient: str
    trial: str
    domain: str
    episode: str


@dataclass(slots=True)
class ScriptedTeam:
    """One coordinator and one investigator; `runner` is set once it exists."""

    registry: Registry
    signer: Signer
    seed: int
    runner: EmbeddedRunner | None = None
    approached: set[Case] = field(default_factory=set)
    obstacles: Counter[str] = field(default_factory=Counter)
    """What kept consenting patients from being randomised."""
    window_left: dict[Case, timedelta] = field(default_factory=dict)
    """Of the recruitment window, when somebody was first told."""

    def hear(self, alerts: Iterable[AlertChange], agenda: Agenda) -> None:
        """Put a visit on the agenda for each alert that reached somebody."""
        for change in alerts:
            speaks = change.suppressed is None and change.alert.held_back is None
            if speaks and change.step in _CALLS:
                self._call(change.alert, agenda)

    def _call(self, alert: Alert, agenda: Agenda) -> None:
        case = Case(alert.site, alert.patient, alert.trial, alert.domain, alert.episode)
        if case not in self.window_left:
            self.window_left[case] = alert.deadline - alert.changed_at
        hours = 35 if alert.changed_at.hour in _NIGHT else 15
        come = alert.changed_at + self._minutes(case, "visit", hours)
        agenda.act(come, lambda at: self._visit(case, agenda, at))

    def _visit(self, case: Case, agenda: Agenda, at: datetime) -> None:
        """At the bedside: answer what the record cannot, then ask for consent."""
        if case in self.approached or not self._answers_favour(case, at):
            return
        self.approached.add(case)
        self._consent(case, ConsentState.ASKED, at)
        talk = at + self._minutes(case, "talk", 45)
        agenda.act(talk, lambda then: self._decide(case, agenda, then))

    def _answers_favour(self, case: Case, at: datetime) -> bool:
        """Answer each open question; tell whether the patient may still take part."""
        with self.registry.reading() as views:
            verdicts = views.screenings(
                site=case.site, patient=case.patient, trial=case.trial
            )
        latest = next((v for v in verdicts if v.episode == case.episode), None)
        if latest is None or latest.status not in ("eligible", "needs_human"):
            return False
        return all(
            self._answer(case, criterion.criterion_id, criterion.role, at)
            for criterion in latest.criteria
            if criterion.human and criterion.truth == "UNKNOWN"
        )

    def _answer(self, case: Case, criterion_id: str, role: str, at: datetime) -> bool:
        favourable = self._chance(case, f"answer {criterion_id}") < 0.93
        truth: Truth = "TRUE" if (role == "inclusion") == favourable else "FALSE"
        command = RecordAnswer(
            site=case.site,
            patient=case.patient,
            trial=case.trial,
            domain=case.domain,
            episode=case.episode,
            criterion_id=criterion_id,
            truth=truth,
            reason="scripted answer of the demonstration",
            actor=INVESTIGATOR,
            at=at,
        )
        with self.registry.transaction() as uow:
            record_answer(replace(command, answered_as=_whom(command, uow)), uow)
        return favourable

    def _decide(self, case: Case, agenda: Agenda, at: datetime) -> None:
        """The patient, or who speaks for them, decides; then randomise."""
        if self._chance(case, "consent") >= 0.75:
            self._consent(case, ConsentState.REFUSED, at)
        elif self._consent(case, ConsentState.GIVEN, at):
            soon = at + timedelta(minutes=5)
            agenda.act(soon, lambda then: self._randomise(case, then))

    def _consent(self, case: Case, state: ConsentState, at: datetime) -> bool:
        command = RecordConsent(
            site=case.site,
            patient=case.patient,
            trial=case.trial,
            episode=case.episode,
            state=state,
            basis="written" if state is ConsentState.GIVEN else None,
            document_version="1.0" if state is ConsentState.GIVEN else None,
            decided_at=at,
            reason=None,
            actor=COORDINATOR,
            at=at,
        )
        with self.registry.transaction() as uow:
            done = record_consent(command, uow)
        if not isinstance(done, ConsentRecorded):
            return False
        if done.roster is not None and self.runner is not None:
            self.runner.deliver(done.roster)
        return True

    def _randomise(self, case: Case, at: datetime) -> None:
        command = Randomise(
            idempotency_key=identity("demo", case.site, case.patient, case.domain),
            site=case.site,
            patient=case.patient,
            trial=case.trial,
            domain=case.domain,
            episode=case.episode,
            actor=INVESTIGATOR,
            at=at,
        )
        with self.registry.transaction() as uow:
            done = randomise(command, uow, signer=self.signer)
        if isinstance(done, Randomised) and self.runner is not None:
            self.runner.deliver(done.roster)
        elif isinstance(done, NotRandomised):
            self.obstacles.update(o.name for o in done.gate.obstacles)

    def _minutes(self, case: Case, what: str, median: float) -> timedelta:
        """A delay with this median, between a third and three times of it."""
        spread = 3.0 ** (2 * self._chance(case, what) - 1)
        return timedelta(minutes=round(median * spread, 1))

    def _chance(self, case: Case, what: str) -> float:
        """A draw in [0, 1) that belongs to this case and question alone."""
        name = identity("chance", str(self.seed), case.patient, case.domain, what)
        return float(np.random.default_rng(int(name.replace("-", ""), 16)).random())


def _whom(command: RecordAnswer, uow: UnitOfWork) -> Answerer | None:
    """The capacity in which the protocol wants it answered."""
    verdict = uow.screenings.latest(command.screening_id)
    if verdict is None:
        return None
    ask = asked(uow, command.trial, verdict.protocol_hash).get(command.criterion_id)
    return min(ask.by, default=None) if ask else None
