"""A clock that no administrator and no time server can make jump."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta


def _wall() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class SteadyClock:
    """Real time as read at the start, carried on by the machine's steady counter.

    A wall clock that jumps would close windows that are open: checks fall due by
    this clock, and the jump is told by `drift`.
    """

    wall: Callable[[], datetime] = _wall
    steady: Callable[[], float] = time.monotonic
    _began: datetime = field(init=False)
    _counted: float = field(init=False)

    def __post_init__(self) -> None:
        self._began, self._counted = self.wall(), self.steady()

    def now(self) -> datetime:
        """This moment, in UTC."""
        return self._began + timedelta(seconds=self.steady() - self._counted)

    def drift(self) -> timedelta:
        """How far the wall clock has moved away."""
        return self.wall() - self.now()
