"""Where somebody belongs who is to be randomised: among which arms, in which stratum."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.methods import Adaptive, Minimised
from registry.domain.randomisation.vector import Vector
from registry.domain.stratum import DOMAIN, across_domain, among_arms


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The arms that may be drawn, the stratum, and whose numbers are given."""

    design: DomainDesign | None
    """With the arms that are left; None where fewer than two are."""
    stratum: str
    lock: str
    """The stratum whose next number is taken: all of the domain, for minimisation."""
    schedule: str
    """Identity of what the draws of these numbers depend on; empty without a draw."""
    vector_id: str | None
    availability: tuple[tuple[str, bool, bool | None], ...]
    """Each arm of the domain: available, eligible; None: not known yet."""


def nowhere(stratum: str) -> Placement:
    """Where there is no domain or no verdict to be placed by."""
    return Placement(
        design=None,
        stratum=stratum,
        lock=stratum,
        schedule="",
        vector_id=None,
        availability=(),
    )


def placement(
    design: DomainDesign,
    *,
    stratum: str,
    eligible: Collection[str] | None,
    vector: Vector | None,
    confirmed: bool = True,
) -> Placement:
    """Who may get every arm shares the stratum's draws; other sets have their own.

    Minimisation looks at the whole domain, so there all sets share its draws.
    `eligible` None: every arm; with `confirmed` False it may still prove otherwise.
    `vector` None: the protocol's own, where it has one.
    """
    left = design.by(vector).among(eligible)
    lock, schedule = stratum, "" if left is None else left.schedule()
    if isinstance(design.method, Minimised):
        stratum, lock, schedule = across_domain(stratum), DOMAIN, design.schedule()
    elif left is not None and left.arms != design.arms:
        stratum = lock = among_arms(stratum, left.ratio)
    return Placement(
        design=left,
        stratum=stratum,
        lock=lock,
        schedule=schedule,
        vector_id=_vector_id(left),
        availability=tuple(
            (
                arm,
                arm not in design.paused,
                _may_get(arm, eligible, confirmed=confirmed),
            )
            for arm in design.ratio
        ),
    )


def _may_get(
    arm: str, eligible: Collection[str] | None, *, confirmed: bool
) -> bool | None:
    if eligible is not None and arm not in eligible:
        return False
    return True if confirmed else None


def _vector_id(design: DomainDesign | None) -> str | None:
    if design is None or not isinstance(design.method, Adaptive):
        return None
    return design.method.vector.vector_id
