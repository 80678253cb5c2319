"""Publish an allocation vector: from then on, every draw of its domain is by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from registry.domain.audit import AuditAction, AuditEntry, record_digest
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.methods import Adaptive, limits_in_words
from registry.domain.randomisation.vector import (
    AllocationVector,
    Shares,
    in_billionths,
)
from registry.domain.stratum import levels_of
from registry.usecases.declared import levels_declared
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.ids import identity


_ROUNDED = 1e-6
"""What is printed with six decimals or more may miss 1 by so much; shares are scaled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishVector:
    """What an analysis found; either `p_best` or `shares`, the other is None."""

    trial: str
    domain: str
    stratum: str | None
    """None: every stratum."""
    analysis_id: str
    data_cut: datetime
    p_best: Mapping[str, float] | None
    """By arm, the probability of being best: the protocol's limits make shares of it."""
    shares: Mapping[str, float] | None
    """By arm, as the analysis itself reckoned them."""
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorPublished:
    """The vector, and whether it is a new one."""

    vector: AllocationVector
    changed: bool


def publish_vector(command: PublishVector, uow: UnitOfWork) -> VectorPublished:
    """Publish it once; waits for allocations under way, and none overtakes.

    Raises `Refused` EMB-350 for a vector that does not fit, EMB-351 where the trial
    has no such domain.
    """
    uow.audit.lock(site="", trial=command.trial)
    held = {design.domain: design for design in uow.protocols.hold(command.trial)}
    if command.domain not in held:
        raise Refused(
            ErrorCode.UNKNOWN_PART,
            f"{command.trial} has no domain {command.domain}.",
            "Name one of its protocol in force.",
        )
    _expect_stratum(command, uow)
    vector = _vector(command, held[command.domain])
    there = uow.vectors.one(vector.vector_id)
    if there is not None:
        if _found(there) != _found(vector):
            raise _refused(
                command, "the analysis was published with other numbers before"
            )
        return VectorPublished(vector=there, changed=False)
    uow.vectors.add(vector)
    uow.audit.append(_entry(vector))
    return VectorPublished(vector=vector, changed=True)


def _expect_stratum(command: PublishVector, uow: UnitOfWork) -> None:
    """A misspelt stratum would be drawn by never, and nobody would know."""
    active = uow.protocols.active(command.trial)
    declared = None if active is None else levels_declared(active, command.domain)
    if command.stratum is None or declared is None:
        return
    told = levels_of(command.stratum)
    if set(told) != set(declared) or any(told[f] not in declared[f] for f in told):
        raise _refused(command, f"the domain has no stratum {command.stratum!r}")


def _vector(command: PublishVector, design: DomainDesign) -> AllocationVector:
    method = design.method
    if not isinstance(method, Adaptive):
        raise _refused(command, "the domain does not draw by vectors")
    if command.data_cut > command.at:
        raise _refused(command, "its data cut lies in the future")
    stratum = "*" if command.stratum is None else command.stratum
    place = (command.trial, command.domain, stratum)
    schedule = design.schedule()
    p_best = command.p_best
    return AllocationVector(
        vector_id=identity("vector", *place, schedule, command.analysis_id),
        trial=command.trial,
        domain=command.domain,
        stratum=command.stratum,
        design=schedule,
        shares=_shares(command, method),
        p_best=None
        if p_best is None
        else tuple((a, repr(float(p))) for a, p in p_best.items()),
        analysis_id=command.analysis_id,
        data_cut=command.data_cut,
        limits=limits_in_words(method),
        published_by=command.actor,
        published_at=command.at,
    )


def _found(vector: AllocationVector) -> tuple[object, ...]:
    """What the analysis told; limits make the same shares of many a `p_best`."""
    p_best = None if vector.p_best is None else dict(vector.p_best)
    return vector.shares, p_best, vector.data_cut


def _shares(command: PublishVector, method: Adaptive) -> Shares:
    """In the order of the domain's arms, whatever order they were told in."""
    arms = [arm for arm, _ in method.initial]
    told = command.shares if command.p_best is None else command.p_best
    if told is None or set(told) != set(arms):
        raise _refused(command, f"it must give each of {', '.join(arms)} a share")
    what = "shares" if command.p_best is None else "`p_best`"
    total = _total(command, what, told)
    if command.shares is None:
        shares = method.reckoned({arm: float(told[arm]) for arm in arms})
    else:
        shares = in_billionths({a: command.shares[a] / total for a in arms})
    _expect_kept(command, method, shares)
    return shares


def _total(command: PublishVector, what: str, told: Mapping[str, float]) -> float:
    """Their sum, which is 1 but for rounding: zeros are no finding of any analysis."""
    if not all(math.isfinite(one) and one >= 0 for one in told.values()):
        raise _refused(command, f"its {what} hold what is no probability")
    total = math.fsum(told.values())
    if abs(total - 1) > _ROUNDED:
        raise _refused(command, f"its {what} sum to {total:.9g}")
    return total


def _expect_kept(command: PublishVector, method: Adaptive, shares: Shares) -> None:
    nothing = [arm for arm, share in shares if share <= 0]
    if nothing:
        raise _refused(
            command,
            f"{nothing[0]} would get nothing: give it a floor, or pause it and "
            "publish the shares of all",
        )
    outside = method.outside(shares)
    if outside:
        raise _refused(command, f"the share of {outside[0]} is outside its limits")


def _refused(command: PublishVector, why: str) -> Refused:
    return Refused(
        ErrorCode.VECTOR_REFUSED,
        f"The vector of {command.analysis_id} for {command.trial}/{command.domain} "
        f"is not published: {why}.",
        "Mend the file, or publish a new analysis.",
    )


def _entry(vector: AllocationVector) -> AuditEntry:
    """All of it: who verifies draws reads it here, where it cannot be rewritten."""
    return AuditEntry(
        site="",
        trial=vector.trial,
        action=AuditAction.VECTOR_PUBLISHED,
        actor=vector.published_by,
        at=vector.published_at,
        subject=vector.vector_id,
        detail={
            "record": record_digest(vector),
            "domain": vector.domain,
            "stratum": vector.stratum,
            "shares": [list(share) for share in vector.shares],
            "analysis": vector.analysis_id,
        },
    )
