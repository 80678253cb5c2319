"""The clocks of the composition root."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """This moment, in UTC."""
        return datetime.now(UTC)


class MovedClock:
    """A clock that stands until it is moved: the time of a simulation."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        """The moment it was last moved to."""
        return self._now

    def move(self, moment: datetime | None) -> None:
        """Move it on; it never goes back."""
        if moment is not None and moment > self._now:
            self._now = moment
