"""Where a participant stands at a moment: the words, the terms and the clock.

Nothing is written when a deadline passes: what stands is worked out for the moment
that is asked about, so no timer can be missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from registry.domain.consent import (
    BEGUN,
    GIVEN,
    ConsentBasis,
    ConsentState,
    Scope,
    Standing,
    follows,
    may_become,
    stronger,
    taken,
)
from registry.domain.participant import Consent
from registry.domain.permits import NOTHING, Permits, permits
from streams.vocabulary.consent import ConsentModel


_ANYWHERE = frozenset(ConsentState) - {
    ConsentState.WAIVED,
    ConsentState.INFORMED,
    ConsentState.DEFERRED,
    ConsentState.DIED,
}
MODELS: dict[ConsentModel, frozenset[ConsentState]] = {
    "prospective": _ANYWHERE,
    "deferred": _ANYWHERE | {ConsentState.DEFERRED, ConsentState.DIED},
    "opt_out": _ANYWHERE | {ConsentState.INFORMED},
    "waiver": _ANYWHERE | {ConsentState.WAIVED, ConsentState.INFORMED},
}
"""Which words a protocol's model of consent knows; asking is always allowed."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """An amendment after which consent is sought again."""

    document: str
    """The version of the information and form that suffices from then on."""
    everybody: bool
    """False: of those not yet randomised alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the protocol in force declares of consent at a site."""

    model: ConsentModel = "prospective"
    within: timedelta | None = None
    """After it was deferred; None where no length is declared."""
    not_used_after: frozenset[Standing] = frozenset()
    renewals: tuple[Renewal, ...] = ()
    """In the order of the amendments."""


class Word(Protocol):
    """What of one recorded word decides what stands: a `Consent`, or as much of it."""

    @property
    def state(self) -> ConsentState:
        """What was said."""

    @property
    def basis(self) -> ConsentBasis | None:
        """How it was given, or who refused it."""

    @property
    def document_version(self) -> str | None:
        """Of the information sheet and form that were used."""

    @property
    def decided_at(self) -> datetime:
        """When it was said."""

    @property
    def deadline(self) -> datetime | None:
        """Deferred: by when somebody has to be asked."""

    @property
    def scopes(self) -> tuple[Scope, ...] | None:
        """Withdrawn: what was taken; None takes everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What all recorded words come to, whatever the clock says."""

    standing: Standing = Standing.NOT_ASKED
    scopes: frozenset[Scope] = frozenset()
    """What was withdrawn, in all withdrawals together."""
    document_version: str | None = None
    """On which consent was given."""
    deadline: datetime | None = None
    """Of a deferral."""
    decided_at: datetime | None = None
    """Of the last word."""
    own_no: bool = False
    """The patient's own no stands; only their own word can follow it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where a participant stands at a moment, and what may be done."""

    standing: Standing
    permits: Permits
    deadline: datetime | None = None
    """By when somebody has to be asked; None where nothing is deferred."""
    renew: str | None = None
    """The document on which consent is to be sought again."""
    data_flagged: bool = False
    """A declared rule forbids to use what was recorded; it is never deleted."""


_NOTHING = Recorded()
NOT_ASKED = Stand(standing=Standing.NOT_ASKED, permits=NOTHING)
"""Of whom there is no word."""


def recorded(words: Iterable[Word]) -> Recorded:
    """What these, in order, come to."""
    told = _NOTHING
    for word in words:
        told = _after(told, word)
    return told


def stand(
    told: Recorded,
    terms: Terms,
    *,
    at: datetime,
    opted_out: bool = False,
    randomised: bool = False,
) -> Stand:
    """Where the participant stands at `at`; at the deadline itself it is not over."""
    renew = _renewal(told, terms, randomised=randomised)
    standing = _standing(told, at, renew=renew, opted_out=opted_out)
    allowed = permits(standing, scopes=told.scopes, not_used_after=terms.not_used_after)
    if standing is Standing.OPTED_OUT:
        before = permits(told.standing, not_used_after=terms.not_used_after)
        allowed = replace(allowed, use=allowed.use and before.use)
    deferred = told.standing is Standing.DEFERRED
    return Stand(
        standing=standing,
        permits=allowed,
        deadline=told.deadline if deferred else None,
        renew=renew,
        data_flagged=not terms.not_used_after.isdisjoint({standing, told.standing}),
    )


def fault(told: Recorded, word: Consent, terms: Terms) -> tuple[str, str] | None:
    """Why this word cannot be recorded next: a name and what it is about; None if it can.

    What takes nothing and gives nothing is refused as well: it would be no step.
    """
    following = follows(told.standing, word.state, word.basis)
    if word.state not in MODELS[terms.model]:
        return "not_in_this_model", f"{word.state.value} where it is {terms.model}"
    if not may_become(told.standing, following):
        return "no_such_step", f"{_words(told.standing)} to {_words(following)}"
    return (
        _fault_of_giving(told, word, following)
        or _fault_of_deferring(word)
        or _fault_of_taking(told, word, following)
    )


def _fault_of_giving(
    told: Recorded, word: Consent, following: Standing
) -> tuple[str, str] | None:
    if word.state is ConsentState.GIVEN and word.basis is None:
        return "no_basis", "how was it given?"
    if following is Standing.PROXY and told.own_no:
        return "patient_said_no", "nobody else can say yes for them"
    if following not in GIVEN | BEGUN:
        return None
    if told.decided_at is not None and word.decided_at < told.decided_at:
        return "decided_before_the_last", "a yes counts only after what was said last"
    same = word.document_version in (None, told.document_version)
    if told.standing in GIVEN and following in GIVEN and same:
        weaker = not stronger(told.standing, following)
        return ("same_document", "consent stands already") if weaker else None
    return None


def _fault_of_deferring(word: Consent) -> tuple[str, str] | None:
    if word.state is not ConsentState.DEFERRED:
        return None
    if word.deadline is None:
        return "no_deadline", "by when is somebody asked?"
    if word.deadline <= word.decided_at:
        return "no_deadline", "it lies before the deferral"
    return None


def _fault_of_taking(
    told: Recorded, word: Consent, following: Standing
) -> tuple[str, str] | None:
    if following is Standing.WITHDRAWN and _scopes(word) <= told.scopes:
        return "nothing_more_withdrawn", ", ".join(sorted(_scopes(word)))
    return None


def _after(told: Recorded, word: Word) -> Recorded:
    standing = follows(told.standing, word.state, word.basis)
    withdrawn = standing is Standing.WITHDRAWN
    refused = word.state is ConsentState.REFUSED
    given = standing in GIVEN
    own_no = refused and word.basis is not ConsentBasis.PROXY
    return Recorded(
        standing=standing,
        scopes=told.scopes | _scopes(word) if withdrawn else told.scopes,
        document_version=word.document_version if given else told.document_version,
        deadline=told.deadline if word.deadline is None else word.deadline,
        decided_at=max(word.decided_at, told.decided_at or word.decided_at),
        own_no=own_no or (told.own_no and not given),
    )


def _scopes(word: Word) -> frozenset[Scope]:
    return taken(word.scopes if word.state is ConsentState.WITHDRAWN else None)


def _standing(
    told: Recorded, at: datetime, *, renew: str | None, opted_out: bool
) -> Standing:
    if opted_out and told.standing is not Standing.DIED:
        return Standing.OPTED_OUT
    if told.standing is Standing.DEFERRED and _over(told.deadline, at):
        return Standing.DEFERRED_OVERDUE
    return told.standing if renew is None else Standing.RECONSENT_DUE


def _over(deadline: datetime | None, at: datetime) -> bool:
    return deadline is None or at > deadline


def _renewal(told: Recorded, terms: Terms, *, randomised: bool) -> str | None:
    """The last document that consent is to be sought on again."""
    if told.standing not in GIVEN:
        return None
    due = [
        one.document
        for one in terms.renewals
        if (one.everybody or not randomised)
        and older(told.document_version, one.document)
    ]
    return due[-1] if due else None


def older(document: str | None, wanted: str) -> bool:
    """Whether the one comes before the other; what cannot be compared does."""
    if document == wanted:
        return False
    mine, theirs = _numbers(document), _numbers(wanted)
    return mine is None or theirs is None or mine < theirs


def _numbers(version: str | None) -> tuple[int, ...] | None:
    parts = (version or "").split(".")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return tuple(int(part) for part in parts)


def _words(standing: Standing) -> str:
    return standing.value.replace("_", " ")
