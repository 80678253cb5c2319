"""Take in a supplier's list of kits: the labels for everybody, the contents sealed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, canonical, record_digest
from registry.domain.kit import (
    KitLine,
    KitList,
    contents_commitment,
    labels_digest,
)
from registry.domain.kit_list import faults
from registry.domain.randomisation.signer import Signer
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKits:
    """A list as the unblinded supplier gives it."""

    trial: str
    domain: str
    lines: tuple[KitLine, ...]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KitsImported:
    """The list is kept; `repeated` where it was before."""

    list_id: str
    kits: int
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KitListRefused:
    """Nothing is kept; why, in words that name no arm."""

    faults: tuple[str, ...]


def import_kits(
    command: ImportKits, uow: UnitOfWork, *, signer: Signer
) -> KitsImported | KitListRefused:
    """Keep the list, or say why it would tell arms apart; twice changes nothing.

    Raises `SettingsError` EMB-312 where the signer has no key for the trial.
    """
    uow.audit.lock(site="", trial=command.trial)
    list_id = _identity(command, signer)
    if uow.kits.list_(list_id) is not None:
        return KitsImported(list_id=list_id, kits=len(command.lines), repeated=True)
    found = faults(command.lines, arms=_arms(command, uow))
    known = () if found else uow.kits.known([one.kit for one in command.lines])
    if known:
        found = (f"{len(known)} of its codes are in the registry already",)
    if found:
        return KitListRefused(faults=found)
    nonce = signer.secret(command.trial, f"list {list_id}")
    kept = KitList(
        list_id=list_id,
        trial=command.trial,
        domain=command.domain,
        kits=len(command.lines),
        labels=labels_digest((k.kit, k.lot, k.expires_on) for k in command.lines),
        contents=contents_commitment(nonce, ((k.kit, k.arm) for k in command.lines)),
        imported_by=command.actor,
        imported_at=command.at,
    )
    uow.kits.add_list(kept, command.lines, nonce)
    uow.audit.append(_entry(kept))
    return KitsImported(list_id=list_id, kits=kept.kits, repeated=False)


def _identity(command: ImportKits, signer: Signer) -> str:
    """Of the list with its contents, which nobody can try without the key."""
    told = sorted(
        [one.kit, one.arm, one.lot, one.expires_on.isoformat()] for one in command.lines
    )
    bound = signer.secret(command.trial, canonical(told).decode())
    return identity("kit_list", command.trial, command.domain, bound)


def _arms(command: ImportKits, uow: UnitOfWork) -> tuple[str, ...] | None:
    """Those of the domain in force; None where that gives no kits yet."""
    designs = uow.protocols.designs(command.trial)
    mine = next((one for one in designs if one.domain == command.domain), None)
    return None if mine is None or mine.kits is None else tuple(mine.ratio)


def _entry(kept: KitList) -> AuditEntry:
    return AuditEntry(
        site="",
        trial=kept.trial,
        action=AuditAction.KITS_IMPORTED,
        actor=kept.imported_by,
        at=kept.imported_at,
        subject=kept.list_id,
        detail={
            "record": record_digest(kept),
            "domain": kept.domain,
            "kits": kept.kits,
            "labels": kept.labels,
            "contents": kept.contents,
        },
    )
