"""What the active protocols declare that acts of people are held against.

It is read from the documents as they were hashed, so nothing is kept twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from registry.domain.co_enrolment import exclude
from registry.domain.kit import KitTerms, StockOut
from registry.domain.mode import Mode, may_run
from registry.usecases.ports import UnitOfWork
from registry.usecases.records import ProtocolVersion
from streams.vocabulary.administration import CoEnrolment
from streams.vocabulary.clock import DAY
from streams.vocabulary.errors import ErrorCode, Refused
from streams.vocabulary.hiding import Kits
from streams.vocabulary.protocol import Answerer
from streams.vocabulary.quantities import Duration


@dataclass(frozen=True, slots=True)
class Asked:
    """Who may answer for a criterion, and how long an answer holds."""

    by: frozenset[Answerer]
    """Nobody named: anybody."""
    holds_for: timedelta | None
    """None: as long as the screening lasts."""

    def holds(self, answered_at: datetime, at: datetime) -> bool:
        """Whether an answer of then still counts; at its last moment it does."""
        return self.holds_for is None or at <= answered_at + self.holds_for


ANYBODY = Asked(by=frozenset(), holds_for=None)
"""What is asked of nobody in particular."""


def asked(uow: UnitOfWork, trial: str, protocol_hash: str) -> Mapping[str, Asked]:
    """By criterion id, whom this version asks; of a version nobody knows, nothing."""
    version = uow.protocols.of_hash(trial, protocol_hash)
    return {} if version is None else asked_in(version.document)


@lru_cache(maxsize=64)
def asked_in(document: str) -> Mapping[str, Asked]:
    """By criterion id, whom a protocol asks, as it was hashed."""
    return {c["id"]: _asked_of(c) for c in _criteria(json.loads(document))}


def terms_in_force(uow: UnitOfWork) -> dict[str, CoEnrolment]:
    """By trial, with which others it may share a participant."""
    return terms_of(uow.protocols.in_force())


def terms_of(versions: Iterable[ProtocolVersion]) -> dict[str, CoEnrolment]:
    """The same, of these versions."""
    return {v.trial: _terms(v.document) for v in versions}


def evidence_of(version: ProtocolVersion) -> str | None:
    """How complete it says its criteria are; None where it does not say."""
    told = json.loads(version.document).get("evidence")
    return None if told is None else str(told)


def refuse_unverified(versions: Iterable[ProtocolVersion], mode: Mode) -> None:
    """Raise `Refused` EMB-213 where one of these may not be in force in this mode."""
    for version in versions:
        if not may_run(evidence_of(version), mode):
            raise Refused(
                ErrorCode.EVIDENCE_INCOMPLETE,
                f"The evidence of {version.trial} is {evidence_of(version)}, which is "
                f"not enough for the mode {mode.value}.",
                "Run it in the mode silent, or have every criterion verified.",
            )


def recruits(version: ProtocolVersion, site: str) -> bool:
    """Whether the site is open; every site is, where the protocol names none."""
    told = _sites(version.document)
    return not told or told.get(site) == "open"


def names_site(version: ProtocolVersion, site: str) -> bool:
    """Whether the document lets the site take part; any may, where it names none."""
    sites = json.loads(version.document).get("sites") or ()
    return not sites or site in {one["id"] for one in sites}


def asks_for_signature(version: ProtocolVersion) -> bool:
    """Whether eligibility has to be signed before anybody is randomised."""
    return bool(json.loads(version.document).get("requires_signature"))


def levels_declared(
    version: ProtocolVersion, domain: str
) -> Mapping[str, frozenset[str]] | None:
    """By factor of a domain's strata, its levels; None where it tells no such domain."""
    domains = json.loads(version.document).get("domains", ())
    told = next((one for one in domains if one["id"] == domain), None)
    if told is None:
        return None
    return {
        factor["id"]: frozenset((factor["if_true"], factor["if_false"]))
        for factor in told.get("strata", ())
    }


def kit_terms_declared(version: ProtocolVersion, domain: str) -> KitTerms | None:
    """What it says of the domain's kits; None where it gives none there."""
    domains = json.loads(version.document).get("domains", ())
    told = next((one.get("kits") for one in domains if one["id"] == domain), None)
    return None if told is None else kit_terms(Kits.model_validate(told))


def kit_terms(told: Kits) -> KitTerms:
    """Days of treatment are whole, and never fewer than the protocol says."""
    return KitTerms(
        stock_out=StockOut(told.stock_out), treatment_days=-(-told.treatment // DAY)
    )


def excluding(trial: str, terms: Mapping[str, CoEnrolment]) -> frozenset[str]:
    """The trials in which nobody of this one may take part."""
    mine = terms.get(trial, CoEnrolment())
    return frozenset(
        other
        for other, theirs in terms.items()
        if other != trial and exclude(trial, mine, other, theirs)
    )


def lock_with_rivals(uow: UnitOfWork, *, site: str, trial: str) -> None:
    """Hold the chains of this trial and of those it excludes, in one order everywhere.

    An act in one of them moves the alerts of the others, and nobody enrols in two.
    """
    lock_chains(uow, site=site, trials={trial, *excluding(trial, terms_in_force(uow))})


def lock_chains(uow: UnitOfWork, *, site: str, trials: Iterable[str]) -> None:
    """Hold these chains of the site."""
    for name in sorted(trials):
        uow.audit.lock(site=site, trial=name)


def trials_in_force(uow: UnitOfWork) -> tuple[str, ...]:
    """The trials of this registry, in the order in which they are locked."""
    return tuple(sorted({version.trial for version in uow.protocols.in_force()}))


@lru_cache(maxsize=64)
def _sites(document: str) -> Mapping[str, str]:
    sites = json.loads(document).get("sites") or ()
    return {one["id"]: one.get("status", "open") for one in sites}


@lru_cache(maxsize=64)
def _terms(document: str) -> CoEnrolment:
    return CoEnrolment.model_validate(json.loads(document).get("co_enrolment", {}))


def _criteria(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The criteria of the platform, of its domains, and of their arms."""
    for key in ("inclusion", "exclusion"):
        yield from part.get(key, ())
    for key in ("domains", "arms"):
        for inner in part.get(key, ()):
            yield from _criteria(inner)


def _asked_of(criterion: dict[str, Any]) -> Asked:
    """What the criterion says itself; else what its `confirm` rules say."""
    own = criterion.get("ask")
    asking = [own] if own else list(_confirms(criterion["rule"]))
    times = [_read_time(one.get("holds_for")) for one in asking]
    return Asked(
        by=frozenset(one["by"] for one in asking),
        holds_for=min((t for t in times if t is not None), default=None),
    )


def _confirms(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if rule["kind"] == "confirm":
        yield rule
    for inner in (*rule.get("of", ()), *filter(None, [rule.get("rule")])):
        yield from _confirms(inner)


_TIME: TypeAdapter[timedelta] = TypeAdapter(Duration)


def _read_time(written: str | None) -> timedelta | None:
    return None if written is None else _TIME.validate_python(written)
