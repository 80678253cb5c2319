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
from registry.domain.audit import canonical, pairs_digest, record_digest
from registry.domain.enrolment import to_be_asked
from registry.domain.mode import Mode, Suppression
from registry.usecases.outbox import ALERTS, OutboxItem
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from streams.vocabulary.clock import iso
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
    records = uow.alerts.save([(alert, step) for _, alert, step in told], act=act)
    uow.outbox.add(
        [
            _notice(alert, step, verdict=v, mode=mode, at=recorded_at)
            for v, alert, step in told
            if step.tells
        ]
    )
    spoken = ((a, s) for _, a, s in told if s.step is not AlertStep.FOLLOWED)
    return tuple(
        AlertChange(alert, step.step, step.suppressed, record)
        for (alert, step), record in zip(spoken, records, strict=True)
    )


def alerts_told(records: Sequence[AlertRecord]) -> dict[str, object]:
    """What an audit row says of the steps its act made alerts take; nothing of none."""
    if not records:
        return {}
    return {"alerts": {"rows": len(records), "digest": alerts_digest(records)}}


def alerts_digest(records: Sequence[AlertRecord]) -> str:
    """What the steps add up to, in whatever order they come."""
    return pairs_digest((r.alert_id, record_digest(r)) for r in records)


def close_alerts_of(
    uow: UnitOfWork,
    *,
    site: str,
    patient: str,
    trial: str,
    act: str,
    at: datetime,
    domain: str | None = None,
) -> tuple[AlertRecord, ...]:
    """The team has acted: nobody is called about this patient any more.

    `domain` limits that to one question of the trial; `act` is what the team did.
    """
    mode = uow.modes.current()
    told = [
        (replace(alert, status=step.status, changed_at=at), step)
        for alert in uow.alerts.unclosed_of(site=site, patient=patient, trial=trial)
        if domain in (None, alert.domain)
        for step in (closed(alert, AlertStep.ACTED, mode),)
    ]
    records = uow.alerts.save(told, act=act)
    for after, step in told:
        _tell_closed(after, step, uow, mode=mode, at=at)
    return records


def _tell_closed(
    after: Alert, step: Move, uow: UnitOfWork, *, mode: Mode, at: datetime
) -> None:
    verdict = uow.screenings.latest(after.screening_id)
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
