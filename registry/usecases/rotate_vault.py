"""Seal the vault under the newest key, some rows at a time; the end is audited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.identity import Sighted, bound_to, identifier_told
from registry.usecases.keep_identities import sealed_row
from registry.usecases.ports import UnitOfWork
from registry.usecases.vault_ports import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class RotateVault:
    """Who seals anew, and how many rows in this transaction."""

    actor: str
    at: datetime
    limit: int = 500


def rotate_vault(command: RotateVault, uow: UnitOfWork, *, seal: Seal) -> int:
    """How many rows were sealed anew; 0 where all are under the newest key.

    Raises `InputError` EMB-150 or EMB-151 where a row does not open; none is changed.
    """
    rows = uow.vault.under_older_keys(seal.key_version, command.limit)
    for row in rows:
        opened = identifier_told(seal.unseal(row.sealed, bound_to(row.site)))
        uow.vault.replace(
            row, sealed_row(Sighted(row.site, row.pseudonym, opened), seal)
        )
    for site in sorted({row.site for row in rows}):
        uow.audit.append(
            AuditEntry(
                site=site,
                trial="",
                action=AuditAction.VAULT_ROTATED,
                actor=command.actor,
                at=command.at,
                subject=str(seal.key_version),
                detail={"rows": sum(row.site == site for row in rows)},
            )
        )
    return len(rows)
