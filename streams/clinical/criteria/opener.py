"""Which facts open a screening, kind of entry by kind: each by what it says alone.

Admissions and cultures are told by several facts together, so of their lanes every fact
is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from streams.clinical.criteria.intervals import compare, interval
from streams.clinical.timeline import Sieve
from streams.vocabulary.entry import (
    AdmissionEntry,
    CultureEntry,
    Entry,
    InfusionEntry,
    MedicationEntry,
    SupportEntry,
    UnitEntry,
)
from streams.vocabulary.events import (
    Infusion,
    Location,
    Medication,
    RespiratorySupport,
)
from streams.vocabulary.facts import Fact
from streams.vocabulary.kinds.fitting import ingredients
from streams.vocabulary.truth import TRUE


@cache
def lanes_of(entry: Entry) -> tuple[tuple[str, Sieve], ...]:
    """The lanes that one entry is read from, each with the sieve of what counts.

    The same sieves each time, so that a timeline keeps what they keep; none of an entry
    that is a flag, or made of others.
    """
    if isinstance(entry, InfusionEntry):
        keeps = _runs(entry)
        return tuple((f"infusion:{d}", keeps) for d in sorted(ingredients(entry.drugs)))
    how = _HOW.get(type(entry), _whole)(entry)
    return tuple((lane, how) for lane in _LANES.get(type(entry), ()))


def _whole(_entry: Entry) -> Sieve:
    return _any_fact


def _any_fact(_fact: Fact) -> bool:
    return True


def _enters(entry: UnitEntry) -> Sieve:
    def keeps(fact: Location) -> bool:
        return fact.phase == "entered" and fact.level in entry.any_of

    return keeps


def _runs(entry: InfusionEntry) -> Sieve:
    def keeps(fact: Infusion) -> bool:
        charted = fact.sent_rate if fact.rate is None else fact.rate
        if fact.phase == "stopped" or charted == 0:
            return False
        if entry.rate is None:
            return True
        if fact.rate is None:
            return False
        reached = compare(interval(fact.rate), entry.rate.operator, entry.rate.value)
        return reached is TRUE

    return keeps


def _supports(entry: SupportEntry) -> Sieve:
    def keeps(fact: RespiratorySupport) -> bool:
        return fact.phase != "stopped" and fact.category in entry.any_of

    return keeps


def _is_drug(entry: MedicationEntry) -> Sieve:
    wanted = ingredients(entry.drugs).union(entry.drugs)
    words = tuple(word.casefold() for word in entry.named)
    routes = frozenset(route.casefold() for route in entry.routes)

    def named(fact: Medication) -> bool:
        sent = fact.sent_drug.casefold() if words else ""
        return fact.drug in wanted or any(word in sent for word in words)

    def keeps(fact: Medication) -> bool:
        if fact.stage not in entry.stages:
            return False
        if not (named(fact) or (entry.antimicrobial and fact.antimicrobial)):
            return False
        return not routes or fact.route is None or fact.route.casefold() in routes

    return keeps


_HOW: Mapping[type, Callable[[Any], Sieve]] = MappingProxyType(
    {UnitEntry: _enters, SupportEntry: _supports, MedicationEntry: _is_drug}
)

_LANES: Mapping[type, tuple[str, ...]] = MappingProxyType(
    {
        AdmissionEntry: ("encounter",),
        UnitEntry: ("location",),
        SupportEntry: ("respiratory_support",),
        CultureEntry: ("culture_collected", "culture_result"),
        MedicationEntry: ("medication",),
    }
)
