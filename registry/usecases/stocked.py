"""Whether there are kits of every arm to go live with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from registry.domain.audit import AuditAction
from registry.domain.kit import arms_digest
from registry.domain.protocol import DomainDesign
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode, Refused


def refuse_without_kits(
    trial: str, designs: Iterable[DomainDesign], uow: UnitOfWork
) -> None:
    """Raise `Refused` EMB-385 where one of these gives kits and has no list for it.

    A list is for the arms that the domain has, or had in a version before: kits of
    arms that came by an amendment are imported once it is in force.
    """
    giving = [design for design in designs if design.kits]
    lists = {
        design.domain: uow.kits.lists_of(trial=trial, domain=design.domain)
        for design in giving
    }
    lacking = [domain for domain, found in lists.items() if not found]
    if lacking:
        raise _refused(trial, lacking, "has no list of them")
    others = [d.domain for d in giving if not _serve(lists[d.domain], trial, d, uow)]
    if others:
        raise _refused(trial, others, "has no list there that holds the domain's arms")


def _serve(
    lists: Iterable[str], trial: str, design: DomainDesign, uow: UnitOfWork
) -> bool:
    """Whether one of them was given for the domain's arms, as the audit tells.

    Of a list from before the audit told it, nobody but the signer knows.
    """
    wanted = {arms_digest(design.ratio), *_before(trial, design.domain, uow)}
    imported = [
        json.loads(row.detail)
        for one in lists
        for row in uow.audit.of_subject(one, {AuditAction.KITS_IMPORTED})
    ]
    return any("arms" not in told or told["arms"] in wanted for told in imported)


def _before(trial: str, domain: str, uow: UnitOfWork) -> Iterator[str]:
    """The same of each version of the protocol that was in force."""
    for version in uow.protocols.versions(trial):
        hash_ = version.protocol_hash
        for row in uow.audit.of_subject(hash_, {AuditAction.PROTOCOL_ACTIVATED}):
            for told in json.loads(row.detail)["domains"]:
                if row.trial == trial and told["domain"] == domain:
                    yield arms_digest(arm["name"] for arm in told["arms"])


def _refused(trial: str, domains: Iterable[str], why: str) -> Refused:
    return Refused(
        ErrorCode.NO_KIT_LIST,
        f"{trial} gives kits in {', '.join(domains)}, and {why}.",
        "Import the supplier's list first: `ember kit import`.",
    )
