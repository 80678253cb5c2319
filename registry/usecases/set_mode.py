"""Say whether this registry is a demo, watches in silence, or is live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.mode import Mode
from registry.domain.randomisation.signer import Binding
from registry.domain.reason import expect_reason
from registry.usecases.declared import refuse_unverified
from registry.usecases.outbox import ALERTS
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import ModeRevision
from registry.usecases.stocked import refuse_without_kits
from streams.vocabulary.errors import ErrorCode, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """The mode from now on, and why."""

    mode: Mode
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSet:
    """The mode as it stands."""

    mode: Mode
    changed: bool


def set_mode(
    command: SetMode, uow: UnitOfWork, *, signer: Binding | None = None
) -> ModeSet:
    """Set it; notices of alerts that were not yet sent are given up with the old one.

    `signer`: asked where lists of kits are to be held against arms to go live.

    Raises `Refused` EMB-317 where a blinded trial would go live without a sealed store,
    EMB-385 where an open domain gives kits and would go live without a list of its arms,
    EMB-213 where a protocol in force is not verified as far as the mode demands,
    EMB-374 without a reason; `SettingsError` EMB-402 where no signer is to be asked.
    """
    uow.audit.lock(site="", trial="")
    before = uow.modes.current()
    if before is command.mode:
        return ModeSet(mode=before, changed=False)
    if command.mode is Mode.LIVE and not uow.can_seal:
        refuse_blinded(uow.protocols.blinded_trials())
    in_force = uow.protocols.in_force()
    if command.mode is Mode.LIVE:
        for version in in_force:
            designs = uow.protocols.designs(version.trial)
            recruiting = [design for design in designs if design.open]
            refuse_without_kits(version.trial, recruiting, uow, signer=signer)
    refuse_unverified(in_force, command.mode)
    expect_reason(command.reason)
    revision = ModeRevision(
        mode=command.mode,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )
    number = uow.modes.append(revision)
    dropped = uow.outbox.give_up(topic=ALERTS, error=f"mode set to {command.mode}")
    detail = {
        "record": record_digest(revision),
        "revision": number,
        "before": before.value,
        "after": command.mode.value,
        "reason": command.reason,
        "notices_given_up": dropped,
    }
    uow.audit.append(_entry(command, detail))
    return ModeSet(mode=command.mode, changed=True)


def refuse_blinded(trials: tuple[str, ...]) -> None:
    """Raise `Refused` EMB-317 where one of these would run live on SQLite."""
    if trials:
        raise Refused(
            ErrorCode.SEAL_REQUIRED,
            f"Trial {', '.join(sorted(trials))} is blinded, and on SQLite one file "
            "holds everything.",
            "Run a live blinded trial on PostgreSQL.",
        )


def _entry(command: SetMode, detail: dict[str, Any]) -> AuditEntry:
    return AuditEntry(
        site="",
        trial="",
        action=AuditAction.MODE_SET,
        actor=command.actor,
        at=command.at,
        subject="registry",
        detail=detail,
    )
