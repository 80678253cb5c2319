"""Rehearse a draw and an unblinding with a decoy; no participant is touched by it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.protocol import DomainDesign
from registry.domain.rehearsal import (
    Act,
    Rehearsal,
    decoy_arm,
    decoy_code,
    decoy_kit,
)
from registry.usecases.declared import names_site
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.clock import iso
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearseDraw:
    """Where a decoy is to be drawn."""

    trial: str
    domain: str
    site: str
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What was rehearsed, and the arm where the domain hides none."""

    rehearsal: Rehearsal
    arm: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRehearsed:
    """There is nothing to rehearse with."""

    obstacle: Obstacle


def rehearse_draw(command: RehearseDraw, uow: UnitOfWork) -> Rehearsed | NotRehearsed:
    """Make a decoy; it takes the next number of the decoys, and no other number."""
    designs = {one.domain: one for one in uow.protocols.designs(command.trial)}
    design = designs.get(command.domain)
    if design is None:
        return _nothing("no_such_domain")
    active = uow.protocols.active(command.trial)
    if not command.site.strip() or (active and not names_site(active, command.site)):
        return _nothing("no_such_site")
    uow.audit.lock(site=command.site, trial=command.trial)
    rehearsal = _drawn(command, design, uow)
    _keep(rehearsal, uow)
    return Rehearsed(
        rehearsal=rehearsal, arm=None if design.blinded else decoy_arm(rehearsal)
    )


def drawn_before(code: str, domain: str, uow: UnitOfWork) -> Rehearsal | NotRehearsed:
    """The draw of the decoy of this code."""
    acts = uow.rehearsals.of_code(code)
    if not acts or acts[0].domain != domain:
        return _nothing("no_such_decoy")
    return acts[0]


def rehearse_unblinding(
    drawn: Rehearsal, uow: UnitOfWork, *, reason: str, actor: str, at: datetime
) -> Rehearsal:
    """Put on record that the decoy's blind is broken; asked again, it adds nothing."""
    name = identity("rehearsal", drawn.code, actor, iso(at))
    there = uow.rehearsals.one(name)
    if there is not None:
        return there
    rehearsal = replace(
        drawn,
        rehearsal_id=name,
        act=Act.UNBLINDED,
        turn=len(uow.rehearsals.of_code(drawn.code)) + 1,
        reason=reason,
        actor=actor,
        at=at,
    )
    _keep(rehearsal, uow)
    return rehearsal


def _drawn(command: RehearseDraw, design: DomainDesign, uow: UnitOfWork) -> Rehearsal:
    place = (command.trial, command.domain, command.site)
    last = uow.rehearsals.last_number(
        trial=command.trial, domain=command.domain, site=command.site
    )
    code = decoy_code(*place, last + 1)
    return Rehearsal(
        rehearsal_id=identity("rehearsal", code),
        site=command.site,
        trial=command.trial,
        domain=command.domain,
        code=code,
        number=last + 1,
        act=Act.DRAWN,
        turn=1,
        ratio=tuple(design.ratio.items()),
        blinded=design.blinded,
        kit=decoy_kit(*place, last + 1),
        reason="",
        actor=command.actor,
        at=command.at,
    )


def _keep(rehearsal: Rehearsal, uow: UnitOfWork) -> None:
    uow.rehearsals.add(rehearsal)
    uow.audit.append(
        AuditEntry(
            site=rehearsal.site,
            trial=rehearsal.trial,
            action=AuditAction.REHEARSED,
            actor=rehearsal.actor,
            at=rehearsal.at,
            subject=rehearsal.rehearsal_id,
            detail={
                "record": record_digest(rehearsal),
                "code": rehearsal.code,
                "domain": rehearsal.domain,
                "act": rehearsal.act.value,
            },
        )
    )


def _nothing(name: str) -> NotRehearsed:
    return NotRehearsed(obstacle=Obstacle(ErrorCode.REHEARSAL, name))
