"""Which trials may share a participant, and which calls first where they may not.

Each protocol declares it for itself; either side's no is a no.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from streams.vocabulary.administration import CoEnrolment


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One trial's claim on a patient: what it declares, and until when it recruits."""

    trial: str
    terms: CoEnrolment
    deadline: datetime

    @property
    def order(self) -> tuple[float, datetime, str]:
        """Rank, then the earlier deadline, then the id; who has no rank comes last."""
        rank = math.inf if self.terms.rank is None else self.terms.rank
        return rank, self.deadline, self.trial


def exclude(
    one: str, terms_of_one: CoEnrolment, other: str, terms_of_other: CoEnrolment
) -> bool:
    """Whether nobody may take part in both."""
    return _refuses(terms_of_one, other) or _refuses(terms_of_other, one)


def precedes(one: Claim, other: Claim) -> bool:
    """Whether `one` calls first."""
    return one.order < other.order


def _refuses(terms: CoEnrolment, trial: str) -> bool:
    return trial in terms.excludes or (
        terms.allows is not None and trial not in terms.allows
    )
