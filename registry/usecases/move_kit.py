"""Do something with a kit that needs no knowledge of what it holds.

On PostgreSQL it is the signer's act all the same: whoever could put stock where they
like, or hold it, would be told by a refusal whether two kits hold the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.kit import DEPOT, STEPS, Kit, KitAct, KitEvent, KitState, after
from registry.domain.reason import expect_reason
from registry.usecases.declared import names_site
from registry.usecases.ports import UnitOfWork
from registry.usecases.still_treated import expect_treated
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.ids import identity


HIDDEN_ACTS = (KitAct.RESERVE, KitAct.REPLACE)
"""Only the signer does these: they look at what a kit holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveKit:
    """What is done with one kit."""

    trial: str
    kit: str
    act: KitAct
    site: str
    """Who receives it, where it is received; else where it is."""
    to: str = DEPOT
    """Where it is sent, where it is transferred."""
    reason: str | None
    actor: str
    at: datetime


def move_kits(commands: Iterable[MoveKit], uow: UnitOfWork) -> tuple[Kit, ...]:
    """All of them or none, by code: two shipments with one code wait in one order."""
    in_order = sorted(commands, key=lambda one: one.kit)
    for site, trial in sorted({at for one in in_order for at in _chains(one)}):
        uow.audit.lock(site=site, trial=trial)
    return tuple(move_kit(one, uow) for one in in_order)


def move_kit(command: MoveKit, uow: UnitOfWork) -> Kit:
    """Do it; gives the kit as it stands since, and the same to who asks again.

    Raises `Refused`: EMB-383 for a kit the trial does not have at the site, EMB-384
    for a step it cannot take, EMB-374 where a reason is wanted and none is told,
    EMB-351 for a site that receives it, or to which it is sent, and that the protocol
    in force does not name, EMB-307 where it is to be handed to somebody who took treatment back.
    """
    if STEPS[command.act].needs_reason:
        expect_reason(command.reason)
    for site, trial in _chains(command):
        uow.audit.lock(site=site, trial=trial)
    kit = uow.kits.hold(command.kit)
    comes = command.act in (KitAct.RECEIVE, KitAct.TRANSFER)
    if kit is not None and _was_done(command, uow):
        return kit
    if kit is None or kit.trial != command.trial or not _is_there(kit, command):
        raise unknown_kit(command.kit)
    if command.act in HIDDEN_ACTS or (comes and command.site == DEPOT):
        raise no_step(kit, command.act)
    if command.act is KitAct.RECEIVE:
        _expect_site(command, uow)
    if command.act is KitAct.TRANSFER:
        return _transferred(kit, command, uow)
    if command.act is KitAct.DISPENSE:
        expect_treated(kit, uow, at=command.at)
    return moved(
        kit,
        command.act,
        uow,
        site=command.site,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )


def _transferred(kit: Kit, command: MoveKit, uow: UnitOfWork) -> Kit:
    """Away from its site, as that site's chain tells; to the other, as that one's."""
    if command.to == command.site:
        raise no_step(kit, command.act)
    sent = moved(
        kit,
        command.act,
        uow,
        site=command.site,
        to=DEPOT,
        reason=command.reason,
        actor=command.actor,
        at=command.at,
    )
    if command.to == DEPOT:
        return sent
    return move_kit(replace(command, act=KitAct.RECEIVE, site=command.to), uow)


def _chains(command: MoveKit) -> tuple[tuple[str, str], ...]:
    """Site and trial of those that tell of it, in the order in which they are locked."""
    arrives = command.act is KitAct.TRANSFER and command.to != DEPOT
    sites = {command.site, command.to} if arrives else {command.site}
    return tuple((site, command.trial) for site in sorted(sites))


def _was_done(command: MoveKit, uow: UnitOfWork) -> bool:
    """Whether this very request was answered, and the answer lost."""
    asked = (command.trial, command.site, command.act, command.actor, command.at)
    return any(
        (one.trial, one.site, one.act, one.actor, one.at) == asked
        for one in uow.kits.events_of(command.kit)
    )


def _expect_site(command: MoveKit, uow: UnitOfWork) -> None:
    """A kit that came to a misspelt site would be lost to every other."""
    active = uow.protocols.active(command.trial)
    if active is not None and not names_site(active, command.site):
        raise Refused(
            ErrorCode.UNKNOWN_PART,
            f"{command.trial} has no site {command.site}.",
            "Name one of its protocol in force.",
        )


def _is_there(kit: Kit, command: MoveKit) -> bool:
    if command.act is KitAct.RECEIVE:
        return kit.site in (DEPOT, command.site)
    return kit.site == command.site


def moved(
    kit: Kit,
    act: KitAct,
    uow: UnitOfWork,
    *,
    site: str,
    actor: str,
    at: datetime,
    to: str | None = None,
    reason: str | None = None,
    randomisation_id: str | None = None,
    replaces: str | None = None,
) -> Kit:
    """The held kit after one step, which is appended and audited.

    `site`: whose chain tells of it; the kit is there since, or where it was sent, `to`.
    Raises `Refused` EMB-384 for a step it cannot take.
    """
    state = after(kit.state, act, site=site)
    if state is None:
        raise no_step(kit, act)
    stands = replace(
        kit,
        state=state,
        site=site if to is None else to,
        randomisation_id=randomisation_id or kit.randomisation_id,
        number=kit.number + 1,
    )
    event = KitEvent(
        event_id=identity("kit", kit.kit, str(stands.number)),
        kit=kit.kit,
        trial=kit.trial,
        site=site,
        domain=kit.domain,
        number=stands.number,
        act=act,
        state=state,
        randomisation_id=stands.randomisation_id,
        replaces=replaces,
        reason=reason,
        actor=actor,
        at=at,
    )
    uow.kits.move(stands, event)
    uow.audit.append(_entry(event))
    return stands


def unknown_kit(code: str) -> Refused:
    """There is no such kit, or not there."""
    return Refused(
        ErrorCode.UNKNOWN_KIT,
        f"There is no kit {code} of this trial there.",
        "Read the label again: `ember kit list`.",
    )


def no_step(kit: Kit, act: KitAct) -> Refused:
    """The kit stands elsewhere."""
    return Refused(
        ErrorCode.KIT_STEP,
        f"Kit {kit.kit} is {kit.state.value}: one cannot {act.value} it.",
        "Take the steps in order: `deploy/docs/kits.md`.",
    )


def _entry(event: KitEvent) -> AuditEntry:
    told = {"record": record_digest(event), "kit": event.kit, "act": event.act.value}
    reason = {} if event.reason is None else {"reason": event.reason}
    return AuditEntry(
        site=event.site,
        trial=event.trial,
        action=AuditAction.KIT_MOVED,
        actor=event.actor,
        at=event.at,
        subject=event.event_id,
        detail=told | reason,
    )


RESERVABLE = {True: KitState.DEPOT, False: KitState.AVAILABLE}
"""The state in which a kit can be reserved, in the depot or at a site."""
