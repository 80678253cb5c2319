"""Find the pseudonym of an identifier; who asked, and why, stays in the audit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry
from registry.domain.identity import Identifier, Kept
from registry.usecases.keep_identities import digests_of
from registry.usecases.ports import UnitOfWork
from registry.usecases.vault_ports import Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class FindIdentity:
    """Which identifier is asked for, by whom, why."""

    identifier: Identifier
    authorities: tuple[str, ...] = ()
    """Who else may have assigned it."""
    reason: str
    actor: str
    at: datetime


def find_identity(
    command: FindIdentity, uow: UnitOfWork, *, seal: Seal
) -> tuple[tuple[str, str], ...]:
    """Site and pseudonym of all whom it stands for; the audit names them, not it."""
    names = (command.identifier.authority, *command.authorities)
    tried = [replace(command.identifier, authority=a) for a in dict.fromkeys(names)]
    digests = {
        digest
        for site in uow.vault.sites()
        for one in tried
        for digest in digests_of(site, one, seal).values()
    }
    found = _places(uow.vault.holding(digests))
    for site, pseudonym in found or (("", ""),):
        uow.audit.append(
            AuditEntry(
                site=site,
                trial="",
                action=AuditAction.IDENTITY_FOUND,
                actor=command.actor,
                at=command.at,
                subject=pseudonym,
                detail={"reason": command.reason, "found": len(found)},
            )
        )
    return found


def _places(rows: tuple[Kept, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(row.site, row.pseudonym) for row in rows}))
