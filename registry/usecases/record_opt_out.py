"""Record that somebody wants no part in a trial, or in any research of the house."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.participant import OptOut
from registry.usecases.act_on_alerts import close_alerts_of
from registry.usecases.declared import lock_with_rivals, trials_in_force
from registry.usecases.declined import of_opt_out, provenance_of, roster_item
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import AlertRecord
from registry.usecases.settle_alerts import settle_alerts
from registry.usecases.tell_alerts import alerts_told, audit_others
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity
from streams.vocabulary.messages import RosterEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordOptOut:
    """Whose no it is, to what, and who recorded it."""

    site: str
    patient: str
    trial: str
    """Empty: all research."""
    stands: bool = True
    """False takes it back."""
    decided_at: datetime
    reason: str | None = None
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRecorded:
    """What stands from now on."""

    opt_out_id: str
    revision: int
    stands: bool
    roster: RosterEntry
    """What the workers hear of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutRefused:
    """Nothing changed."""

    obstacle: Obstacle


def record_opt_out(
    command: RecordOptOut, uow: UnitOfWork
) -> OptOutRecorded | OptOutRefused:
    """Append it; nobody is called about this person any more, and the workers hear it.

    It needs no participant: who opts out need never have been asked.
    Taken back, what it alone held back is called about again.
    """
    _lock(command, uow)
    before = _before(command, uow)
    stood = before is not None and before.stands
    if stood == command.stands:
        told = "stands already" if stood else "none stands"
        return _refused("no_such_step", told)
    if command.decided_at > command.at:
        return _refused("decided_in_the_future", "")
    opt_out = _opt_out(command, 1 if before is None else before.revision + 1)
    uow.opt_outs.add(opt_out)
    provenance = provenance_of(command.site, command.patient, uow)
    entry = of_opt_out(opt_out, provenance=provenance)
    uow.outbox.add([roster_item(entry)])
    steps = audit_others(
        _close_alerts(command, uow, act=opt_out.opt_out_id),
        uow,
        trial=command.trial,
        act=opt_out.opt_out_id,
        actor=command.actor,
        at=command.at,
    )
    uow.audit.append(_entry(opt_out, steps))
    if not command.stands:
        settle_alerts(
            {(command.site, command.patient): command.at},
            uow,
            because=(opt_out.opt_out_id,),
            actor=command.actor,
            recorded_at=command.at,
        )
    return OptOutRecorded(
        opt_out_id=opt_out.opt_out_id,
        revision=opt_out.revision,
        stands=opt_out.stands,
        roster=entry,
    )


def _lock(command: RecordOptOut, uow: UnitOfWork) -> None:
    """All chains whose alerts it may move, in one order everywhere."""
    if command.trial and command.stands:
        lock_with_rivals(uow, site=command.site, trial=command.trial)
        return
    for trial in sorted({"", command.trial, *trials_in_force(uow)}):
        uow.audit.lock(site=command.site, trial=trial)


def _before(command: RecordOptOut, uow: UnitOfWork) -> OptOut | None:
    latest = uow.opt_outs.latest(site=command.site, patients=[command.patient])
    return next((one for one in latest if one.trial == command.trial), None)


def _opt_out(command: RecordOptOut, revision: int) -> OptOut:
    return OptOut(
        opt_out_id=identity(
            "opt-out", command.site, command.patient, command.trial, str(revision)
        ),
        site=command.site,
        patient=command.patient,
        trial=command.trial,
        revision=revision,
        stands=command.stands,
        decided_at=command.decided_at,
        recorded_at=command.at,
        actor=command.actor,
        reason=command.reason,
    )


def _close_alerts(
    command: RecordOptOut, uow: UnitOfWork, *, act: str
) -> tuple[AlertRecord, ...]:
    if not command.stands:
        return ()
    return close_alerts_of(
        uow,
        site=command.site,
        patient=command.patient,
        trial=command.trial or None,
        act=act,
        at=command.at,
    )


def _refused(name: str, told: str) -> OptOutRefused:
    return OptOutRefused(obstacle=Obstacle(ErrorCode.CONSENT_STEP, name, told))


def _entry(opt_out: OptOut, steps: tuple[AlertRecord, ...]) -> AuditEntry:
    return AuditEntry(
        site=opt_out.site,
        trial=opt_out.trial,
        action=AuditAction.OPT_OUT_RECORDED,
        actor=opt_out.actor,
        at=opt_out.recorded_at,
        subject=opt_out.opt_out_id,
        detail={
            "record": record_digest(opt_out),
            "revision": opt_out.revision,
            "stands": opt_out.stands,
            "decided_at": opt_out.decided_at.isoformat(),
            "reason": opt_out.reason,
            **alerts_told(steps),
        },
    )
