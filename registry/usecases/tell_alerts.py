"""What the outside and the audit are told of the steps that alerts take."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from registry.domain.alert import Alert, Move
from registry.domain.audit import (
    AuditAction,
    AuditEntry,
    canonical,
    pairs_digest,
    record_digest,
)
from registry.domain.enrolment import to_be_asked
from registry.domain.mode import Mode
from registry.usecases.outbox import ALERTS, OutboxItem
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import TrialScreening


def alerts_told(records: Sequence[AlertRecord]) -> dict[str, object]:
    """What an audit row says of the steps its act made alerts take; nothing of none."""
    if not records:
        return {}
    return {"alerts": {"rows": len(records), "digest": alerts_digest(records)}}


def alerts_digest(records: Sequence[AlertRecord]) -> str:
    """What the steps add up to, in whatever order they come."""
    return pairs_digest((r.alert_id, record_digest(r)) for r in records)


def audit_others(
    records: Sequence[AlertRecord],
    uow: UnitOfWork,
    *,
    trial: str,
    act: str,
    actor: str,
    at: datetime,
) -> tuple[AlertRecord, ...]:
    """Audit the steps of other trials' alerts in their own chains; give those of `trial`.

    What is done in one trial may move the alerts of those that exclude it.
    """
    others = sorted({(r.site, r.trial) for r in records if r.trial != trial})
    for site, other in others:
        mine = [r for r in records if (r.site, r.trial) == (site, other)]
        uow.audit.append(
            AuditEntry(
                site=site,
                trial=other,
                action=AuditAction.ALERTS_FOLLOWED,
                actor=actor,
                at=at,
                subject=act,
                detail={"of": trial, **alerts_told(mine)},
            )
        )
    return tuple(r for r in records if r.trial == trial)


def notice(
    alert: Alert,
    step: Move,
    *,
    verdict: TrialScreening,
    mode: Mode,
    at: datetime,
    number: int,
    anew: bool = False,
) -> OutboxItem:
    """The notice of one step, the alert's `number`th.

    `anew`: the verdict is no other than it was, so that the number tells which it is.
    """
    body = {
        "type": f"alert.{step.step.value}",
        "timestamp": iso(alert.changed_at),
        "data": _told(alert, verdict, mode),
    }
    which = (str(number),) if anew else ()
    return OutboxItem(
        outbox_id=identity(
            "outbox", alert.alert_id, step.step.value, str(verdict.revision), *which
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
