"""Take in a supplier's list of kits: the labels for everybody, the contents sealed.

What a list says its kits hold is compared with nothing that is kept: whoever may ask
could try one list after the other until the answer is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import (
    AuditAction,
    AuditEntry,
    Head,
    canonical,
    record_digest,
    sha256,
)
from registry.domain.kit import (
    KitLine,
    KitList,
    contents_commitment,
    labels_digest,
)
from registry.domain.kit_list import faults
from registry.domain.randomisation.signer import Signer
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.clock import iso
from streams.vocabulary.ids import identity


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportKits:
    """A list as the unblinded supplier gives it."""

    trial: str
    domain: str
    lines: tuple[KitLine, ...]
    ahead: bool = False
    """Whether an amendment is to bring the domain."""
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KitsImported:
    """The list is kept; `repeated` where this very request was answered before."""

    list_id: str
    kits: int
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KitListRefused:
    """Nothing is kept of it; why, in words that name no arm."""

    faults: tuple[str, ...]


def import_kits(
    command: ImportKits, uow: UnitOfWork, *, signer: Signer
) -> KitsImported | KitListRefused:
    """Keep the list, or say why it would tell arms apart; each refusal is audited.

    The same request again changes nothing.
    Raises `SettingsError` EMB-312 where the signer has no key for the trial.
    """
    head = uow.audit.lock(site="", trial=command.trial)
    kept = _with_these_labels(command, uow)
    if kept is not None and _is_this_request(kept, command):
        return KitsImported(list_id=kept.list_id, kits=kept.kits, repeated=True)
    found = _known(command, kept, uow)
    found = found or _unnamed(command, uow)
    found = found or faults(command.lines, arms=_arms(command, uow))
    if found:
        uow.audit.append(_refusal(command, found, head, signer))
        return KitListRefused(faults=found)
    return _kept(command, uow, signer)


def _with_these_labels(command: ImportKits, uow: UnitOfWork) -> KitList | None:
    """The list that is kept with the same codes, lots and expiries."""
    kept = uow.kits.list_with(command.lines[0].kit) if command.lines else None
    mine = (command.trial, command.domain, _labels(command))
    if kept is None or (kept.trial, kept.domain, kept.labels) != mine:
        return None
    return kept


def _is_this_request(kept: KitList, command: ImportKits) -> bool:
    """Whether its answer was lost: nobody gives two lists at one moment."""
    given = (command.actor, command.at)
    return given == (kept.imported_by, kept.imported_at)


def _known(
    command: ImportKits, kept: KitList | None, uow: UnitOfWork
) -> tuple[str, ...]:
    """Why it is no new list, by its labels alone; empty where it is one."""
    if kept is not None:
        given = f"given by {kept.imported_by} at {iso(kept.imported_at)}"
        told = f"its labels are kept already, as list {kept.list_id}, {given}"
        return (f"{told}; what its kits hold was not compared",)
    known = uow.kits.known([one.kit for one in command.lines])
    if not known:
        return ()
    return (f"{len(known)} of its codes are in the registry already",)


def _unnamed(command: ImportKits, uow: UnitOfWork) -> tuple[str, ...]:
    """A misspelt domain would use up the codes for nothing."""
    named = uow.protocols.has_domain(command.trial, command.domain)
    if command.ahead or named or uow.protocols.active(command.trial) is None:
        return ()
    return ("no version of the protocol names its domain",)


def _kept(command: ImportKits, uow: UnitOfWork, signer: Signer) -> KitsImported:
    list_id = _identity(command, signer)
    nonce = signer.secret(command.trial, f"list {list_id}")
    kept = KitList(
        list_id=list_id,
        trial=command.trial,
        domain=command.domain,
        kits=len(command.lines),
        labels=_labels(command),
        contents=contents_commitment(nonce, ((k.kit, k.arm) for k in command.lines)),
        imported_by=command.actor,
        imported_at=command.at,
    )
    uow.kits.add_list(kept, command.lines, nonce)
    arms = signer.arms_bound(command.trial, list_id, (k.arm for k in command.lines))
    uow.audit.append(_entry(kept, arms))
    return KitsImported(list_id=list_id, kits=kept.kits, repeated=False)


def _identity(command: ImportKits, signer: Signer) -> str:
    """Of the list with its contents, which nobody can try without the key."""
    bound = signer.secret(command.trial, _written(command).decode())
    return identity("kit_list", command.trial, command.domain, bound)


def _written(command: ImportKits) -> bytes:
    """The list with its contents, in one order."""
    told = [[k.kit, k.arm, k.lot, k.expires_on.isoformat()] for k in command.lines]
    return canonical(sorted(told))


def _labels(command: ImportKits) -> str:
    return labels_digest((k.kit, k.lot, k.expires_on) for k in command.lines)


def _arms(command: ImportKits, uow: UnitOfWork) -> tuple[str, ...] | None:
    """Those of the domain in force; None where that gives no kits yet."""
    designs = uow.protocols.designs(command.trial)
    mine = next((one for one in designs if one.domain == command.domain), None)
    return None if mine is None or mine.kits is None else tuple(mine.ratio)


def _refusal(
    command: ImportKits, found: tuple[str, ...], head: Head, signer: Signer
) -> AuditEntry:
    """Binds what was offered by a nonce of its own: no two refusals are alike.

    Only the holder of the key can hold a list against it, so neither the list, nor
    that it was offered before, is told by it.
    """
    subject = identity("refused_kit_list", command.trial, str(head.sequence + 1))
    nonce = signer.secret(command.trial, f"refused list {subject}")
    return AuditEntry(
        site="",
        trial=command.trial,
        action=AuditAction.KITS_REFUSED,
        actor=command.actor,
        at=command.at,
        subject=subject,
        detail={
            "domain": command.domain,
            "kits": len(command.lines),
            "offered": sha256(nonce.encode(), _written(command)),
            "faults": list(found),
        },
    )


def _entry(kept: KitList, arms: str) -> AuditEntry:
    """`arms`: what binds those of the whole list.

    Before the domain is in force they are held to none, and who reads the audit alone
    can try none.
    """
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
            "arms_bound": arms,
        },
    )
