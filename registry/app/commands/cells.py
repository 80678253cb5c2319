"""Cells of the listings, in words."""

from __future__ import annotations

from registry.store.listings import OnsetView, OutcomeView


def value(outcome: OutcomeView) -> str:
    """The value, or between what it lies."""
    if outcome.value is not None:
        return f"{outcome.value:g}"
    if outcome.lower is None or outcome.upper is None:
        return "unknown"
    return f"unknown ({outcome.lower:g} to {outcome.upper:g})"


def judged(outcome: OutcomeView) -> str:
    """What a human says of it, and whether the record moved since."""
    judged = outcome.judged
    if judged is None:
        return ""
    value = "unknown" if judged.value is None else f"{judged.value:g}"
    since = "; the record moved since" if outcome.moved_since else ""
    return f"{value}, {judged.judged_as} by {judged.actor}: {judged.reason}{since}"


def score(onset: OnsetView) -> str:
    """SOFA's or Phoenix's points with their bounds; empty where a flag has none."""
    if onset.score is None:
        return ""
    return f"{onset.score} ({onset.score_lower}-{onset.score_upper})"
