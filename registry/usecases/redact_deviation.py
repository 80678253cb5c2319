"""Take the description of a deviation out, on lawful request, and leave a tombstone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.reason import is_reason
from registry.domain.redaction import Redaction, digests, is_redacted
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactDeviation:
    """Which one, and why."""

    deviation_id: str
    reason: str
    """On whose request and by which law; no name."""
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DeviationRedacted:
    """The tombstone."""

    redaction: Redaction


@dataclass(frozen=True, slots=True)
class RedactionRefused:
    """Nothing was taken out."""

    obstacle: Obstacle


def redact_deviation(
    command: RedactDeviation, uow: UnitOfWork
) -> DeviationRedacted | RedactionRefused:
    """Write the tombstone first: without it the database lets nothing be taken out.

    On PostgreSQL only the owner of the tables may.
    """
    if not is_reason(command.reason):
        return _refused(ErrorCode.REASON_MISSING, "no_reason")
    found = uow.deviations.one(command.deviation_id)
    if found is None:
        return _refused(ErrorCode.UNKNOWN_RECORD, "no_such_record")
    uow.audit.lock(site=found.site, trial=found.trial)
    found = uow.deviations.one(command.deviation_id) or found
    if is_redacted(found):
        return _refused(ErrorCode.UNKNOWN_RECORD, "nothing_to_take_out")
    before, after = digests(found)
    redaction = Redaction(
        redaction_id=identity("redaction", command.deviation_id),
        record_id=command.deviation_id,
        site=found.site,
        trial=found.trial,
        digest_before=before,
        digest_after=after,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )
    uow.redactions.add(redaction)
    uow.deviations.redact(command.deviation_id)
    uow.audit.append(_entry(redaction))
    return DeviationRedacted(redaction)


def _refused(code: ErrorCode, name: str) -> RedactionRefused:
    return RedactionRefused(Obstacle(code, name))


def _entry(redaction: Redaction) -> AuditEntry:
    return AuditEntry(
        site=redaction.site,
        trial=redaction.trial,
        action=AuditAction.RECORD_REDACTED,
        actor=redaction.actor,
        at=redaction.at,
        subject=redaction.redaction_id,
        detail={
            "record": record_digest(redaction),
            "redacted": redaction.record_id,
            "before": redaction.digest_before,
            "after": redaction.digest_after,
            "reason": redaction.reason,
        },
    )
