"""Let the alerts follow the verdicts of one batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.alert import (
    UNCLOSED,
    Alert,
    AlertStatus,
    AlertStep,
    Move,
    closed,
    move,
)
from registry.domain.audit import canonical
from registry.domain.enrolment import to_be_asked
from registry.domain.mode import Mode, Suppression
from registry.usecases.outbox import ALERTS, OutboxItem
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialScreening


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What became of one alert."""

    alert: Alert
    step: AlertStep
    suppressed: Suppression | None


def follow_alerts(
    verdicts: Sequence[TrialScreening],
    uow: UnitOfWork,
    *,
    known_before: Mapping[str, int],
    recorded_at: datetime,
) -> tuple[AlertChange, ...]:
    """Raise, update, expire or retract, one alert for a patient, domain and episode.

    `known_before` is the last revision of each screening before this batch: a verdict
    that comes late changes no alert.
    """
    if not verdicts:
        return ()
    mode = uow.modes.current()
    ids = {v.screening_id for v in verdicts}
    standing = uow.alerts.unclosed(ids)
    done = uow.alerts.acted(ids)
    told: list[tuple[TrialScreening, Alert, Move]] = []
    for verdict in _in_time(verdicts, known_before):
        current = standing.pop(verdict.screening_id, None)
        step = move(current, verdict, mode)
        if verdict.screening_id in done or step is None:
            after = current
        else:
            after = _after(current, verdict, step, verdict.known_at)
            told.append((verdict, after, step))
        if after is not None and after.status in UNCLOSED:
            standing[verdict.screening_id] = after
    uow.alerts.save([(alert, step) for _, alert, step in told])
    uow.outbox.add(
        [
            _notice(alert, step, verdict=v, mode=mode, at=recorded_at)
            for v, alert, step in told
            if step.tells
        ]
    )
    return tuple(
        AlertChange(alert, step.step, step.suppressed)
        for _, alert, step in told
        if step.step is not AlertStep.FOLLOWED
    )


def close_alerts_of(
    uow: UnitOfWork,
    *,
    site: str,
    patient: str,
    trial: str,
    at: datetime,
    domain: str | None = None,
) -> None:
    """The team has acted: nobody is called about this patient any more.

    `domain` limits that to one question of the trial.
    """
    mode = uow.modes.current()
    for alert in uow.alerts.unclosed_of(site=site, patient=patient, trial=trial):
        if domain in (None, alert.domain):
            _close(alert, uow, mode=mode, at=at)


def _close(current: Alert, uow: UnitOfWork, *, mode: Mode, at: datetime) -> None:
    step = closed(current, AlertStep.ACTED, mode)
    after = replace(current, status=step.status, changed_at=at)
    uow.alerts.save([(after, step)])
    verdict = uow.screenings.latest(current.screening_id)
    if step.tells and verdict is not None:
        uow.outbox.add([_notice(after, step, verdict=verdict, mode=mode, at=at)])


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
        before,
        status=step.status,
        suppressed=step.suppressed,
        verdict=verdict.status,
        revision=verdict.revision,
        deadline=verdict.deadline,
        changed_at=at,
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


def _notice(
    alert: Alert, step: Move, *, verdict: TrialScreening, mode: Mode, at: datetime
) -> OutboxItem:
    body = {
        "type": f"alert.{step.step.value}",
        "timestamp": iso(alert.changed_at),
        "data": _told(alert, verdict, mode),
    }
    return OutboxItem(
        outbox_id=identity(
            "outbox", alert.alert_id, step.step.value, str(verdict.revision)
        ),
        topic=ALERTS,
        key=f"{alert.site}/{alert.patient}",
        payload=canonical(body).decode(),
        created_at=at,
        next_attempt_at=at,
    )


def _told(alert: Alert, verdict: TrialScreening, mode: Mode) -> dict[str, object]:
    """Ids and what is still to be done; never a name, never an arm."""
    return {
        "alert_id": alert.alert_id,
        "site": alert.site,
        "patient": alert.patient,
        "trial": alert.trial,
        "domain": alert.domain,
        "episode": alert.episode,
        "status": alert.verdict,
        "deadline": iso(alert.deadline),
        "known_at": iso(verdict.known_at),
        "screening_id": alert.screening_id,
        "revision": verdict.revision,
        "missing": [c.criterion_id for c in to_be_asked(verdict)],
        "protocol_hash": verdict.protocol_hash,
        "provenance": verdict.provenance,
        "mode": mode.value,
    }
