"""Reserve numbers for a sealed list, and commit to its pages before anybody opens one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.enrolment import Obstacle
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.draws import commitment
from registry.domain.sealed_list import MOST_PAGES, SealedList, SealedPage, pages
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeSealedList:
    """Which numbers of which site, and the custodian's key."""

    trial: str
    domain: str
    site: str
    first_no: int
    count: int
    key: bytes = field(repr=False)
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedListMade:
    """What is on record, and the pages for the printer alone."""

    sealed: SealedList
    pages: tuple[SealedPage, ...]
    repeated: bool
    """It was made before: the same pages again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedListRefused:
    """Nothing was reserved."""

    obstacle: Obstacle


def make_sealed_list(
    command: MakeSealedList, uow: UnitOfWork
) -> SealedListMade | SealedListRefused:
    """Commit to the pages; made again with the same key, they are the same."""
    uow.audit.lock(site="", trial=command.trial)
    designs = {one.domain: one for one in uow.protocols.hold(command.trial)}
    design = _drawable(designs.get(command.domain), command, uow)
    fault = _fault(command, design, uow)
    if fault is not None or design is None:
        return _refused(fault or "no_such_domain")
    numbers = range(command.first_no, command.first_no + command.count)
    drawn = tuple(
        pages(
            command.key,
            design,
            trial=command.trial,
            site=command.site,
            numbers=numbers,
        )
    )
    sealed = _sealed(command, design, drawn)
    there = uow.sealed_lists.one(sealed.list_id)
    if there is not None:
        same = there.commitments == sealed.commitments
        if not same:
            return _refused("numbers_reserved")
        return SealedListMade(sealed=there, pages=drawn, repeated=True)
    if _overlaps(sealed, uow):
        return _refused("numbers_reserved")
    uow.sealed_lists.add(sealed)
    uow.audit.append(_entry(sealed))
    return SealedListMade(sealed=sealed, pages=drawn, repeated=False)


def _drawable(
    design: DomainDesign | None, command: MakeSealedList, uow: UnitOfWork
) -> DomainDesign | None:
    """With the arms that are not paused; None where there is nothing to be drawn."""
    if design is None or not design.open:
        return None
    return design.paused_by(uow.pauses.standing(command.trial)).among(None)


def _fault(
    command: MakeSealedList, design: DomainDesign | None, uow: UnitOfWork
) -> str | None:
    active = uow.protocols.active(command.trial)
    if design is None or active is None:
        return "no_such_domain"
    if command.first_no < 1 or not 1 <= command.count <= MOST_PAGES:
        return "no_such_range"
    if commitment(command.key) == active.key_commitment:
        return "key_of_the_signer"
    return None


def _sealed(
    command: MakeSealedList, design: DomainDesign, drawn: tuple[SealedPage, ...]
) -> SealedList:
    place = (command.trial, command.domain, command.site, str(command.first_no))
    return SealedList(
        list_id=identity("sealed list", *place),
        site=command.site,
        trial=command.trial,
        domain=command.domain,
        first_no=command.first_no,
        ratio=tuple(design.ratio.items()),
        blinded=design.blinded,
        key_commitment=commitment(command.key),
        commitments=tuple(page.commitment for page in drawn),
        actor=command.actor,
        made_at=command.at,
    )


def _overlaps(sealed: SealedList, uow: UnitOfWork) -> bool:
    return any(
        (one.domain, one.site) == (sealed.domain, sealed.site)
        and one.first_no <= sealed.last_no
        and sealed.first_no <= one.last_no
        for one in uow.sealed_lists.of_trial(sealed.trial)
    )


def _entry(sealed: SealedList) -> AuditEntry:
    return AuditEntry(
        site=sealed.site,
        trial=sealed.trial,
        action=AuditAction.SEALED_LIST_MADE,
        actor=sealed.actor,
        at=sealed.made_at,
        subject=sealed.list_id,
        detail={
            "record": record_digest(sealed),
            "domain": sealed.domain,
            "first_no": sealed.first_no,
            "last_no": sealed.last_no,
            "key_commitment": sealed.key_commitment,
        },
    )


def _refused(name: str) -> SealedListRefused:
    return SealedListRefused(obstacle=Obstacle(ErrorCode.SEALED_LIST, name))
