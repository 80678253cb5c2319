"""The clocks of the composition root."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)
