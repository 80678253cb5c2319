"""Allocation vectors: each arm's share, published by an analysis, never changed.

Shares are whole billionths that sum to one, so that draws by them are exact and an
auditor reads the same numbers; six decimals of an analysis survive unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction


INITIAL = "initial"
"""The id of the vector that the protocol itself begins with."""
BILLIONTHS = 1_000_000_000

Shares = tuple[tuple[str, int], ...]
"""Arm and share in billionths, arms in the order of the domain."""


@dataclass(frozen=True, slots=True)
class Vector:
    """The shares a draw is made by, and the name of the object they are from."""

    vector_id: str
    shares: Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationVector:
    """One published vector of a domain, for one stratum or for all."""

    vector_id: str
    trial: str
    domain: str
    stratum: str | None
    """As allocations name it; None: every stratum."""
    design: str
    """Identity of the design it fits; another design begins with its own."""
    shares: Shares
    p_best: tuple[tuple[str, str], ...] | None
    """Arm and probability of being best, where the shares were reckoned from them."""
    analysis_id: str
    data_cut: datetime
    """What was known then is in the analysis, and nothing later."""
    limits: tuple[tuple[str, str], ...]
    """What was applied: floors, caps, fixed shares, matching, power; as it is written."""
    published_by: str
    published_at: datetime

    @property
    def vector(self) -> Vector:
        """What a draw needs of it."""
        return Vector(self.vector_id, self.shares)


def in_billionths(shares: Mapping[str, Fraction | float]) -> Shares:
    """The shares in whole billionths that sum to one; the largest rest rounds up.

    The shares sum to 1 within a billionth for each arm.
    """
    exact = {arm: Fraction(share) * BILLIONTHS for arm, share in shares.items()}
    whole = {arm: math.floor(share) for arm, share in exact.items()}
    lacking = BILLIONTHS - sum(whole.values())
    by_rest = sorted(exact, key=lambda arm: whole[arm] - exact[arm])
    for arm in by_rest[:lacking]:
        whole[arm] += 1
    return tuple(whole.items())


def by_ratio(ratio: Iterable[tuple[str, int]]) -> Shares:
    """The shares of a ratio."""
    told = dict(ratio)
    total = sum(told.values())
    return in_billionths({arm: Fraction(share, total) for arm, share in told.items()})
