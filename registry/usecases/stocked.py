"""Whether there are kits of every arm to go live with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from registry.domain.audit import AuditAction
from registry.domain.kit import arms_digest
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.signer import Binding
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode, Refused, SettingsError


def refuse_without_kits(
    trial: str,
    designs: Iterable[DomainDesign],
    uow: UnitOfWork,
    *,
    signer: Binding | None,
) -> None:
    """Raise `Refused` EMB-385 where one of these gives kits and has no list for it.

    A list is for the arms that the domain has, or had in a version before: kits of
    arms that came by an amendment are imported once it is in force. What binds a
    list's arms is the signer's to tell; raises `SettingsError` EMB-402 without one.
    """
    giving = [design for design in designs if design.kits]
    lists = {
        design.domain: uow.kits.lists_of(trial=trial, domain=design.domain)
        for design in giving
    }
    lacking = [domain for domain, found in lists.items() if not found]
    if lacking:
        raise _refused(trial, lacking, "has no list of them")
    others = [
        design.domain
        for design in giving
        if not _serve(lists[design.domain], trial, design, uow, signer)
    ]
    if others:
        raise _refused(trial, others, "has no list there that holds the domain's arms")


def _serve(
    lists: Iterable[str],
    trial: str,
    design: DomainDesign,
    uow: UnitOfWork,
    signer: Binding | None,
) -> bool:
    """Whether one of them was given for the domain's arms, as the audit tells.

    Of a list from before the audit told it, nobody but the signer knows.
    """
    wanted = {frozenset(design.ratio), *_before(trial, design.domain, uow)}
    return any(
        _is_of(json.loads(row.detail), one, trial, wanted, signer)
        for one in lists
        for row in uow.audit.of_subject(one, {AuditAction.KITS_IMPORTED})
    )


def _is_of(
    told: dict[str, Any],
    list_id: str,
    trial: str,
    wanted: Iterable[frozenset[str]],
    signer: Binding | None,
) -> bool:
    """Whether the list's row of the audit tells any of these sets of arms."""
    if "arms_bound" not in told:
        return "arms" not in told or told["arms"] in map(arms_digest, wanted)
    if signer is None:
        raise SettingsError(
            ErrorCode.BAD_SETTING,
            f"Only the signer can tell whether lists of kits are of {trial}'s arms.",
            "Set EMBER_SIGNER to its socket.",
        )
    return any(
        signer.arms_bound(trial, list_id, arms) == told["arms_bound"] for arms in wanted
    )


def _before(trial: str, domain: str, uow: UnitOfWork) -> Iterator[frozenset[str]]:
    """The arms in each version of the protocol that was in force."""
    for version in uow.protocols.versions(trial):
        hash_ = version.protocol_hash
        for row in uow.audit.of_subject(hash_, {AuditAction.PROTOCOL_ACTIVATED}):
            for told in json.loads(row.detail)["domains"]:
                if row.trial == trial and told["domain"] == domain:
                    yield frozenset(arm["name"] for arm in told["arms"])


def _refused(trial: str, domains: Iterable[str], why: str) -> Refused:
    return Refused(
        ErrorCode.NO_KIT_LIST,
        f"{trial} gives kits in {', '.join(domains)}, and {why}.",
        "Import the supplier's list first: `ember kit import`.",
    )
