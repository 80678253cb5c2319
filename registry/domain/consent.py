"""Consent as a state, not a boolean: what may be recorded, and what then stands.

What people record is a word (`ConsentState`), with its basis where it was given.
What stands of a participant follows from all words in order (`Standing`), and at any
moment also from the clock, the protocol in force and opt-outs; see
`registry.domain.consent_terms`.
The table of steps is data: `deploy/docs/consent.md` shows it.

    not asked ──► asked ──► verbal, written, proxy ──► withdrawn, scope by scope
        │           │             ▲   ▲
        │           ▼             │   └── regained capacity: asked for their own word
        │        refused ──► asked again
        └──► deferred ──► refused later, died before consent
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class ConsentState(StrEnum):
    """One recorded word; no row at all means not asked."""

    ASKED = "asked"
    """Approached, no answer yet."""
    WAIVED = "waived"
    """Nobody is asked: the ethics committee waived consent."""
    INFORMED = "informed"
    """Told of the trial and of the right to opt out of it; nothing more is asked."""
    DEFERRED = "deferred"
    """Takes part before anybody could be asked; asked by a deadline."""
    GIVEN = "given"
    """Consent stands."""
    REGAINED = "regained_capacity"
    """Able to decide again, and to be asked for their own word."""
    REFUSED = "refused"
    """Said no; may be asked again when something changed."""
    DIED = "died_before_consent"
    """Died before anybody was asked who was to be asked later."""
    WITHDRAWN = "withdrawn"
    """Took consent back, in some scopes or all: future acts stop, the record stays."""


class ConsentBasis(StrEnum):
    """How consent was given, or who refused it."""

    WRITTEN = "written"
    """Signed by the patient."""
    VERBAL = "verbal"
    """Spoken by the patient and witnessed; writing follows."""
    PROXY = "proxy"
    """By a legal representative."""


class Scope(StrEnum):
    """What a withdrawal takes away; scopes add up, and none comes back."""

    TREATMENT = "treatment"
    """The trial's treatment."""
    DATA = "data"
    """Collecting from the record."""
    FOLLOW_UP = "follow_up"
    """Being contacted and seen by the trial."""


EVERYTHING = frozenset(Scope)
"""What a withdrawal takes that names no scope."""


class Standing(StrEnum):
    """What stands of a participant."""

    NOT_ASKED = "not_asked"
    ASKED = "asked"
    ASKED_AGAIN = "asked_again"
    """After a no, which stands until it is answered."""
    WAIVED = "waived"
    INFORMED = "informed"
    DEFERRED = "deferred"
    DEFERRED_OVERDUE = "deferred_overdue"
    """By the clock: the deadline has passed, and nobody has been asked."""
    VERBAL = "verbal"
    WRITTEN = "written"
    PROXY = "proxy"
    REGAINED = "regained_capacity"
    RECONSENT_DUE = "reconsent_due"
    """By the protocol in force: consent was given on a form an amendment replaced."""
    REFUSED = "refused"
    REFUSED_LATER = "refused_later"
    """Said no after the trial had begun without their own word."""
    OPTED_OUT = "opted_out"
    """By an opt-out of the trial, or of all research, that stands."""
    DIED = "died_before_consent"
    WITHDRAWN = "withdrawn"


STEPS: dict[Standing, frozenset[Standing]] = {
    Standing.NOT_ASKED: frozenset(
        {
            Standing.ASKED,
            Standing.WAIVED,
            Standing.INFORMED,
            Standing.DEFERRED,
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REFUSED,
        }
    ),
    Standing.ASKED: frozenset(
        {
            Standing.DEFERRED,
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REFUSED,
        }
    ),
    Standing.ASKED_AGAIN: frozenset(
        {Standing.VERBAL, Standing.WRITTEN, Standing.PROXY, Standing.REFUSED}
    ),
    Standing.WAIVED: frozenset(
        {
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REFUSED_LATER,
            Standing.WITHDRAWN,
        }
    ),
    Standing.INFORMED: frozenset(
        {
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REFUSED_LATER,
            Standing.WITHDRAWN,
        }
    ),
    Standing.DEFERRED: frozenset(
        {
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REGAINED,
            Standing.REFUSED_LATER,
            Standing.DIED,
            Standing.WITHDRAWN,
        }
    ),
    Standing.VERBAL: frozenset(
        {Standing.VERBAL, Standing.WRITTEN, Standing.PROXY, Standing.WITHDRAWN}
    ),
    Standing.WRITTEN: frozenset(
        {Standing.VERBAL, Standing.WRITTEN, Standing.PROXY, Standing.WITHDRAWN}
    ),
    Standing.PROXY: frozenset(
        {
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REGAINED,
            Standing.REFUSED_LATER,
            Standing.WITHDRAWN,
        }
    ),
    Standing.REGAINED: frozenset(
        {
            Standing.VERBAL,
            Standing.WRITTEN,
            Standing.PROXY,
            Standing.REFUSED_LATER,
            Standing.DIED,
            Standing.WITHDRAWN,
        }
    ),
    Standing.REFUSED: frozenset({Standing.ASKED_AGAIN}),
    Standing.REFUSED_LATER: frozenset({Standing.VERBAL, Standing.WRITTEN}),
    Standing.DIED: frozenset(),
    Standing.WITHDRAWN: frozenset({Standing.WITHDRAWN}),
}
"""From what was recorded to what may be recorded next.

Consent on consent needs another document, or stronger words; see `stronger`.
A withdrawal on a withdrawal takes a further scope.
"""

_BY_BASIS = {
    ConsentBasis.WRITTEN: Standing.WRITTEN,
    ConsentBasis.VERBAL: Standing.VERBAL,
    ConsentBasis.PROXY: Standing.PROXY,
}
GIVEN = frozenset(_BY_BASIS.values())
"""Consent stands, by somebody's word."""
BEGUN = frozenset(
    {
        Standing.WAIVED,
        Standing.INFORMED,
        Standing.DEFERRED,
        Standing.PROXY,
        Standing.REGAINED,
    }
)
"""The trial may have begun without the patient's own word."""
NO = frozenset(
    {
        Standing.REFUSED,
        Standing.REFUSED_LATER,
        Standing.ASKED_AGAIN,
        Standing.OPTED_OUT,
        Standing.WITHDRAWN,
    }
)
"""The last word is a no; to be asked again is no word."""
_TO_BE_WITHDRAWN = frozenset({Standing.VERBAL, Standing.WRITTEN, Standing.WITHDRAWN})
_STRONGER = frozenset(
    {
        (Standing.VERBAL, Standing.WRITTEN),
        (Standing.PROXY, Standing.VERBAL),
        (Standing.PROXY, Standing.WRITTEN),
    }
)


def follows(
    current: Standing, state: ConsentState, basis: ConsentBasis | None
) -> Standing:
    """What stands once this word is recorded after `current`.

    A no is taken whatever it is called: who consented and refuses withdraws everything.
    `given` without a basis was signed: no other was ever recorded without one.
    """
    match state:
        case ConsentState.GIVEN:
            return _BY_BASIS[basis or ConsentBasis.WRITTEN]
        case ConsentState.ASKED if current in NO:
            return Standing.ASKED_AGAIN
        case ConsentState.REFUSED if current in BEGUN:
            return Standing.REFUSED_LATER
        case ConsentState.REFUSED if current in _TO_BE_WITHDRAWN:
            return Standing.WITHDRAWN
        case _:
            return Standing(state.value)


def may_become(current: Standing, following: Standing) -> bool:
    """Whether that step exists."""
    return following in STEPS[current]


def stronger(current: Standing, following: Standing) -> bool:
    """Whether consent on the same document says more than it did."""
    return (current, following) in _STRONGER


def taken(scopes: Iterable[Scope] | None) -> frozenset[Scope]:
    """The scopes of a withdrawal; one that names none takes everything."""
    return frozenset(scopes) if scopes else EVERYTHING
