"""Where participants stand by what the protocol in force declares, asked of the store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from registry.domain.consent import Standing
from registry.domain.consent_terms import Renewal, Stand, Terms, recorded, stand
from registry.domain.participant import Consent, Participant
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.consent import Consent as Declared
from streams.vocabulary.consent import Reconsent


def terms_of(uow: UnitOfWork, *, trial: str, site: str) -> Terms:
    """What the trial's active protocol declares of consent at this site."""
    active = uow.protocols.active(trial)
    return Terms() if active is None else declared_terms(active.document, site)


@lru_cache(maxsize=256)
def declared_terms(document: str, site: str) -> Terms:
    """What a protocol document declares of consent at this site.

    The site's own terms stand in the place of the platform's, as a whole.
    """
    told = json.loads(document)
    sites = {one["id"]: one.get("consent") for one in told.get("sites") or ()}
    declared = sites.get(site) or told.get("consent")
    renewals = _renewals(told)
    if declared is None:
        return Terms(renewals=renewals)
    consent = Declared.model_validate(declared)
    return Terms(
        model=consent.model,
        within=consent.within,
        not_used_after=frozenset(map(Standing, consent.data_not_used_after)),
        renewals=renewals,
    )


def stand_of(
    participant: Participant, terms: Terms, uow: UnitOfWork, *, at: datetime
) -> Stand:
    """Where the participant stands at `at` by their own words.

    Opt-outs, and what the person said by another name, `registry.usecases.declined`
    reads.
    """
    words = uow.participants.consents_of([participant.participant])
    return stand_by(participant.participant, words, terms, uow, at=at)


def stand_by(
    participant: str,
    words: Iterable[Consent],
    terms: Terms,
    uow: UnitOfWork,
    *,
    at: datetime,
) -> Stand:
    """The same, by all the words of the participant of this code."""
    return stand(
        recorded(words),
        terms,
        at=at,
        randomised=bool(terms.renewals) and _is_randomised(participant, uow),
    )


def _is_randomised(participant: str, uow: UnitOfWork) -> bool:
    return bool(uow.allocations.domains_of([participant]))


def _renewals(document: Mapping[str, Any]) -> tuple[Renewal, ...]:
    told = (one.get("reconsent") for one in document.get("amendments") or ())
    asked = [Reconsent.model_validate(one) for one in told if one]
    return tuple(Renewal(r.document, r.affects == "everybody") for r in asked)
