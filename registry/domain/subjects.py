"""Where a research subject is, in the words FHIR has for it.

The codes are those of `research-subject-status` (R4) and of `research-subject-state`
(R5), which are the same for all that is told here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from registry.domain.consent import NO, Scope, Standing


SubjectState = Literal[
    "candidate",
    "not-registered",
    "pending-on-study",
    "on-study",
    "follow-up",
    "withdrawn",
    "off-study",
]
"""`candidate`: no word on which to randomise. `not-registered`: said no before anything
was drawn. `pending-on-study`: may be randomised. `follow-up`: the trial's treatment was
withdrawn, and nothing else. `off-study`: died before consent."""

ENDED: frozenset[SubjectState] = frozenset({"not-registered", "withdrawn", "off-study"})
"""Taking part is over."""


def subject_state(
    standing: Standing,
    *,
    may_randomise: bool,
    randomised: bool,
    withdrawn: Collection[Scope] = (),
) -> SubjectState:
    """Where the subject is; of a domain's study, `randomised` is meant in that domain."""
    if standing is Standing.DIED:
        return "off-study"
    if standing is Standing.WITHDRAWN and set(withdrawn) == {Scope.TREATMENT}:
        return "follow-up" if randomised else "not-registered"
    if standing in NO:
        return "withdrawn" if randomised else "not-registered"
    if randomised:
        return "on-study"
    return "pending-on-study" if may_randomise else "candidate"
