"""Events and verdicts in the words of the ward."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.concepts import concepts
from streams.vocabulary.events import (
    Allergy,
    Assessment,
    Biomarker,
    Classification,
    Clinical,
    CodeStatus,
    Condition,
    CultureCollected,
    CultureResult,
    Death,
    Demographics,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    Pregnancy,
    Procedure,
    RespiratorySupport,
    VitalStatusContact,
)
from streams.vocabulary.facts import Flag


def in_words(fact: Clinical) -> str:
    """One fact in one line: what, how much, when, and when it became known."""
    when = f"{fact.happened_at:%Y-%m-%d %H:%M}"
    if fact.known_at != fact.happened_at:
        when += f", known {fact.known_at:%m-%d %H:%M}"
    odd = [_ODD[flag] for flag in fact.flags if flag is not Flag.LAG_UNMEASURABLE]
    flags = f" [{', '.join(odd)}]" if odd else ""
    return f"{_what(fact)} ({when}){flags}"


_ODD: Mapping[Flag, str] = MappingProxyType(
    {
        Flag.IMPLAUSIBLE: "outside the usual range",
        Flag.FUTURE: "dated later than it was filed",
        Flag.STOP_BEFORE_START: "ends before it starts",
        Flag.DATE_ONLY: "a date without a time of day",
        Flag.LAG_UNMEASURABLE: "nobody knows when it became known",
        Flag.GARBLED_STORETIME: "its filing time cannot be read",
        Flag.UNMAPPED: "in no map: as it was sent",
    }
)
"""What is odd about a fact, in words."""


def moment(at: datetime | None) -> str:
    """A moment as a person reads it, in UTC, to the minute."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"


def span(length: timedelta) -> str:
    """Hours, or days where it is more than 72 h."""
    if length > timedelta(hours=72):
        return f"{length / DAY:.1f} days"
    return f"{length / HOUR:.1f} h"


def _what(fact: Clinical) -> str:
    match fact:
        case Measurement() | Assessment() | Biomarker():
            return _observed(fact)
        case CultureCollected():
            return f"culture taken: {fact.specimen}"
        case CultureResult():
            return f"culture {fact.status}: {fact.organism or _growth(fact.positive)}"
        case Medication():
            route = f" {fact.route}" if fact.route else ""
            return f"{fact.stage}: {fact.sent_drug}{route}"
        case Infusion():
            rate = "rate unknown" if fact.rate is None else f"{fact.rate:.4g}"
            return f"{fact.drug} {fact.phase} ({rate})"
        case RespiratorySupport():
            told = fact.category or fact.device or fact.mode
            return f"breathing support {fact.phase}: {told}"
        case Fluid():
            return f"{fact.substance} {fact.direction}: {fact.volume_ml} mL"
        case _:
            return _other(fact)


def _other(fact: Clinical) -> str:
    match fact:
        case Encounter():
            left = f" ({_plain(fact.disposition)})" if fact.disposition else ""
            return f"hospital stay {fact.phase}{left}"
        case Procedure():
            return f"{_plain(fact.name)} {fact.phase}"
        case Classification():
            told = fact.label if fact.score is None else f"{fact.label} {fact.score:g}"
            return f"{fact.classifier}: {told}"
        case Location():
            return f"{fact.phase} {fact.ward}"
        case _:
            return _of_the_person(fact)


def _of_the_person(fact: Clinical) -> str:
    match fact:
        case Demographics():
            return _person(fact)
        case CodeStatus():
            return f"code status: {_plain(fact.status)}"
        case Pregnancy():
            answer = {True: "pregnant", False: "not pregnant", None: "not answered"}
            return f"pregnancy: {answer[fact.pregnant]}"
        case Condition():
            return f"diagnosis {'' if fact.present else 'ruled out '}{fact.code}"
        case Allergy():
            none = "" if fact.present else "no "
            return f"{none}allergy or intolerance: {fact.substance}"
        case Death():
            return f"died{_where_died(fact)}"
        case VitalStatusContact():
            seen = "alive" if fact.alive else "not alive"
            return f"seen {seen} ({_plain(fact.basis)})"
        case _:
            return _plain(fact.kind)


def _person(fact: Demographics) -> str:
    """The age a source gives goes by the year alone."""
    sex = fact.sex or "sex unknown"
    if fact.birth_year is None:
        return f"{sex}, year of birth unknown"
    age = fact.happened_at.year - fact.birth_year
    return f"{sex}, born {fact.birth_year}, {age} years"


def _where_died(fact: Death) -> str:
    places = {"hospital": " in hospital", "elsewhere": " outside the hospital"}
    return "" if fact.place is None else places[fact.place]


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _observed(fact: Measurement | Assessment | Biomarker) -> str:
    if fact.value is None:
        return f"{fact.concept}: {getattr(fact, 'text', None) or 'no number'}"
    known = concepts().get(fact.concept)
    unit = (
        known.unit if known is not None and known.unit not in ("1", "{score}") else ""
    )
    comparator = getattr(fact, "comparator", None) or ""
    return f"{fact.concept} {comparator}{fact.value:g} {unit}".rstrip()


def _growth(positive: bool | None) -> str:
    return {True: "growth", False: "no growth", None: "result not said"}[positive]
