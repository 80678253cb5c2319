"""What a cell of a listing says, in words."""

from __future__ import annotations

from datetime import UTC, datetime

from registry.store.listings import ConsentView, OnsetView, OutcomeView


def value_told(outcome: OutcomeView) -> str:
    """The value, or between what it lies."""
    if outcome.value is not None:
        return f"{outcome.value:g}"
    if outcome.lower is None or outcome.upper is None:
        return "unknown"
    return f"unknown ({outcome.lower:g} to {outcome.upper:g})"


def judged_told(outcome: OutcomeView) -> str:
    """What a human says of it, and whether the record moved since."""
    judged = outcome.judged
    if judged is None:
        return ""
    value = "unknown" if judged.value is None else f"{judged.value:g}"
    since = "; the record moved since" if outcome.moved_since else ""
    return f"{value}, {judged.judged_as} by {judged.actor}: {judged.reason}{since}"


def urgency(row: ConsentView) -> tuple[bool, datetime, str]:
    """Who has a deadline comes first, the nearest before the others."""
    latest = datetime.max.replace(tzinfo=UTC)
    return row.deadline is None, row.deadline or latest, row.participant


def acts_allowed(row: ConsentView) -> str:
    """The acts that are allowed, in words."""
    acts = ("randomise", "treat", "follow_up", "collect", "use")
    allowed = (act for act in acts if getattr(row, f"may_{act}"))
    return ", ".join(allowed).replace("_", " ")


def score_told(onset: OnsetView) -> str:
    """SOFA's or Phoenix's points with their bounds; empty where a flag has none."""
    if onset.score is None:
        return ""
    return f"{onset.score} ({onset.score_lower}-{onset.score_upper})"
