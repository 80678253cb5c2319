"""The factors of a stratum: which are waited for, until when, and who classifies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from registry.domain.stratum import FactorStand, factor_state, pending_factors
from registry.usecases.ports import UnitOfWork
from streams.vocabulary.messages import TrialScreening
from streams.vocabulary.quantities import Duration


@dataclass(frozen=True, slots=True)
class _Declared:
    """What the protocol says of one factor."""

    within: timedelta | None
    classifiers: frozenset[str]
    """Rules of the catalogue that its rule names."""


_PLAIN = _Declared(None, frozenset())
_NAMING = ("classifier", "marker", "score", "definition")
_TIME: TypeAdapter[timedelta] = TypeAdapter(Duration)


def waited_until(
    screening: TrialScreening | None, uow: UnitOfWork
) -> dict[str, datetime]:
    """By factor, until when its level is waited for; empty where all have come."""
    if screening is None or not pending_factors(screening.stratum):
        return {}
    version = uow.protocols.of_hash(screening.trial, screening.protocol_hash)
    document = "{}" if version is None else version.document
    stands = factors_of(screening, document, at=screening.known_at)
    return {one.factor: one.waited_until for one in stands}


def factors_of(
    screening: TrialScreening, document: str, *, at: datetime
) -> tuple[FactorStand, ...]:
    """Each factor of the screening at `at`, by its protocol's document.

    Nothing is waited for beyond the window.
    """
    declared = _declared(document, screening.domain)
    return tuple(
        _stand(screening, factor, level, declared.get(factor, _PLAIN), at)
        for factor, level in screening.stratum
    )


def _stand(
    screening: TrialScreening, factor: str, level: str, said: _Declared, at: datetime
) -> FactorStand:
    until = screening.deadline
    if said.within is not None:
        until = min(until, screening.anchor_at + said.within)
    return FactorStand(
        factor=factor,
        level=level,
        state=factor_state(level, until=until, at=at),
        waited_until=until,
        classifiers=tuple(
            (name, version)
            for name, version in screening.definitions
            if name.partition(":")[0] in said.classifiers
        ),
    )


@lru_cache(maxsize=64)
def _declared(document: str, domain: str) -> Mapping[str, _Declared]:
    domains = json.loads(document).get("domains") or ()
    return {
        factor["id"]: _Declared(
            within=_TIME.validate_python(factor["within"])
            if "within" in factor
            else None,
            classifiers=frozenset(_names(factor.get("rule") or {})),
        )
        for told in domains
        if told.get("id") == domain
        for factor in told.get("strata") or ()
    }


def _names(rule: Mapping[str, Any]) -> Iterator[str]:
    """What a rule, and every rule in it, names of the catalogue."""
    yield from (rule[key] for key in _NAMING if isinstance(rule.get(key), str))
    for inner in (*(rule.get("of") or ()), rule.get("rule")):
        if isinstance(inner, dict):
            yield from _names(inner)
