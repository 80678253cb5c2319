"""Events and verdicts in the words of the ward."""

from __future__ import annotations

from streams.vocabulary.concepts import concepts
from streams.vocabulary.events import (
    Assessment,
    Biomarker,
    Clinical,
    CodeStatus,
    Condition,
    CultureCollected,
    CultureResult,
    Encounter,
    Fluid,
    Infusion,
    Location,
    Measurement,
    Medication,
    Pregnancy,
    RespiratorySupport,
)
from streams.vocabulary.facts import Flag


def in_words(fact: Clinical) -> str:
    """One fact in one line: what, how much, when, and when it became known."""
    when = f"{fact.happened_at:%Y-%m-%d %H:%M}"
    if fact.known_at != fact.happened_at:
        when += f", known {fact.known_at:%m-%d %H:%M}"
    odd = [flag for flag in fact.flags if flag is not Flag.LAG_UNMEASURABLE]
    flags = f" [{', '.join(odd)}]" if odd else ""
    return f"{_what(fact)} ({when}){flags}"


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
            return f"hospital stay {fact.phase}"
        case Location():
            return f"{fact.phase} {fact.ward}"
        case CodeStatus():
            return f"code status {fact.status}"
        case Pregnancy():
            return f"pregnant: {fact.pregnant}"
        case Condition():
            return f"diagnosis {fact.code}"
        case _:
            return fact.kind.replace("_", " ")


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
