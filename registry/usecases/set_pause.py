"""Pause or resume a site, a domain or one arm, in one act that no allocation overtakes.

A pause outlives amendments: only a resumption ends it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.pause import Pause, Place
from registry.domain.protocol import DomainDesign
from registry.domain.reason import expect_reason
from registry.usecases.ports import UnitOfWork
from registry.usecases.settle_alerts import hold_sites, settle_place
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPause:
    """Whether a part of a trial is paused from now on, and why."""

    trial: str
    place: Place
    paused: bool
    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseSet:
    """Whether that changed anything."""

    changed: bool


def set_pause(command: SetPause, uow: UnitOfWork) -> PauseSet:
    """Set it; waits for allocations under way, and none starts before it is done.

    What is called about there is taken back, and called about again once it goes on:
    an arm that pauses alone leaves others to be drawn.
    The trial is locked before its domains, and these before the site's chain, as
    activations and allocations lock them.
    Raises `Refused` EMB-351 for a part the trial does not have, EMB-374 without a
    reason.
    """
    uow.audit.lock(site="", trial=command.trial)
    designs = uow.protocols.hold(command.trial)
    _expect_known(command, designs, uow)
    before = uow.pauses.latest(command.trial, command.place)
    if command.paused is (before is not None and before.paused):
        return PauseSet(changed=False)
    expect_reason(command.reason)
    pause = _pause(command, 0 if before is None else before.revision + 1)
    place = command.place
    if not place.arm:
        hold_sites(uow, {place.site} if place.site else _heard_of(command.trial, uow))
    uow.pauses.add(pause)
    uow.audit.append(_entry(pause))
    if not place.arm:
        settle_place(
            uow,
            trial=command.trial,
            site=place.site or None,
            domain=place.domain or None,
            because=pause.pause_id,
            actor=command.actor,
            at=command.at,
        )
    return PauseSet(changed=True)


def _expect_known(
    command: SetPause, designs: tuple[DomainDesign, ...], uow: UnitOfWork
) -> None:
    """A misspelt name would pause nothing, and nobody would know."""
    place = command.place
    if place.site:
        known = place.site in _sites(command.trial, uow)
    else:
        arms = {design.domain: {"", *design.ratio} for design in designs}
        known = place.arm in arms.get(place.domain, set())
    if not known:
        raise Refused(
            ErrorCode.UNKNOWN_PART,
            f"{command.trial} has no {place.in_words}.",
            "Name one of its protocol in force.",
        )


def _sites(trial: str, uow: UnitOfWork) -> set[str]:
    """The sites the protocol names; where it names none, all that were heard of.

    A trial without a protocol in force has none.
    """
    active = uow.protocols.active(trial)
    if active is None:
        return set()
    told = json.loads(active.document).get("sites") or ()
    return {one["id"] for one in told} or {head.site for head in uow.audit.heads()}


def _heard_of(trial: str, uow: UnitOfWork) -> set[str]:
    """The sites at which anything was recorded for the trial."""
    return {head.site for head in uow.audit.heads() if head.trial == trial}


def _pause(command: SetPause, revision: int) -> Pause:
    place = command.place
    parts = (command.trial, place.site, place.domain, place.arm, str(revision))
    return Pause(
        pause_id=identity("pause", *parts),
        trial=command.trial,
        site=place.site,
        domain=place.domain,
        arm=place.arm,
        revision=revision,
        paused=command.paused,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )


def _entry(pause: Pause) -> AuditEntry:
    return AuditEntry(
        site=pause.site,
        trial=pause.trial,
        action=AuditAction.PAUSED if pause.paused else AuditAction.RESUMED,
        actor=pause.actor,
        at=pause.at,
        subject=pause.pause_id,
        detail={
            "record": record_digest(pause),
            "what": pause.place.in_words,
            "reason": pause.reason,
        },
    )
