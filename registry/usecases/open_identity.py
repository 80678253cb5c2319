"""Lead a pseudonym back to its identifiers; who did, and why, stays in the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.identity import Identifier, bound_to, identifier_told
from registry.usecases.ports import UnitOfWork
from registry.usecases.vault_ports import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIdentity:
    """Whose identity is asked for, by whom, why."""

    site: str
    pseudonym: str
    reason: str
    actor: str
    at: datetime


def open_identity(
    command: OpenIdentity, uow: UnitOfWork, *, seal: Seal
) -> tuple[Identifier, ...]:
    """The identifiers; none where the vault holds none, which is audited as well.

    The audit row is of the same transaction: nobody sees what was not written down.
    Raises `InputError` EMB-150 or EMB-151 where a seal does not open.
    """
    rows = uow.vault.of(site=command.site, pseudonym=command.pseudonym)
    uow.audit.append(
        AuditEntry(
            site=command.site,
            trial="",
            action=AuditAction.IDENTITY_OPENED,
            actor=command.actor,
            at=command.at,
            subject=command.pseudonym,
            detail={"reason": command.reason, "identifiers": len(rows)},
        )
    )
    opened = (seal.unseal(row.sealed, bound_to(row.site)) for row in rows)
    return tuple(sorted(map(identifier_told, opened), key=Identifier.told))
