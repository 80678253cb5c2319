"""What may be done with a participant, by what stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from registry.domain.consent import Scope, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Permits:
    """Five acts, each allowed or not."""

    randomise: bool = False
    """Draw an arm, in this or a further domain."""
    treat: bool = False
    """Give what the trial gives."""
    follow_up: bool = False
    """Contact and see the participant for the trial."""
    collect: bool = False
    """Take further data from the record."""
    use: bool = False
    """Analyse what was recorded."""

    def within(self, other: Permits) -> bool:
        """Whether nothing is allowed here that `other` forbids."""
        return all(
            getattr(other, act) or not getattr(self, act) for act in Permits.__slots__
        )


NOTHING = Permits()
ALL = Permits(randomise=True, treat=True, follow_up=True, collect=True, use=True)
_GOING_ON = replace(ALL, randomise=False)
_RECORDED = Permits(use=True)

PERMITS: dict[Standing, Permits] = {
    Standing.NOT_ASKED: NOTHING,
    Standing.ASKED: NOTHING,
    Standing.ASKED_AGAIN: NOTHING,
    Standing.WAIVED: ALL,
    Standing.INFORMED: ALL,
    Standing.DEFERRED: ALL,
    Standing.DEFERRED_OVERDUE: _GOING_ON,
    Standing.VERBAL: ALL,
    Standing.WRITTEN: ALL,
    Standing.PROXY: ALL,
    Standing.REGAINED: _GOING_ON,
    Standing.RECONSENT_DUE: _GOING_ON,
    Standing.REFUSED: NOTHING,
    Standing.REFUSED_LATER: _RECORDED,
    Standing.OPTED_OUT: _RECORDED,
    Standing.DIED: Permits(collect=True, use=True),
    Standing.WITHDRAWN: _GOING_ON,
}
"""Before scopes are taken, and before a rule of the jurisdiction.

A clock stops nobody's treatment: who is overdue is to be asked, and is randomised no
further.
"""


@lru_cache(maxsize=1_024)
def permits(
    standing: Standing,
    *,
    scopes: frozenset[Scope] = frozenset(),
    not_used_after: frozenset[Standing] = frozenset(),
) -> Permits:
    """What may be done, with these scopes withdrawn and these rules declared."""
    allowed = PERMITS[standing]
    return Permits(
        randomise=allowed.randomise and not scopes,
        treat=allowed.treat and Scope.TREATMENT not in scopes,
        follow_up=allowed.follow_up and Scope.FOLLOW_UP not in scopes,
        collect=allowed.collect and Scope.DATA not in scopes,
        use=allowed.use and standing not in not_used_after,
    )
