"""Calendar epochs: the unit of time in which an analysis lets outcomes drift."""

from __future__ import annotations

from datetime import UTC, datetime


def epoch_of(moment: datetime) -> str:
    """The calendar month in UTC, as `2026-03`.

    The finest that is frozen: an analysis may join months, never split them.
    """
    return f"{moment.astimezone(UTC):%Y-%m}"
