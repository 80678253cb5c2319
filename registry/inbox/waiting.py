"""How long to wait for what is wrong around us."""

from __future__ import annotations


class Patience:
    """Twice as long each time, up to a limit; short again after a success."""

    def __init__(self, *, first: float = 0.2, most: float = 5.0) -> None:
        self._first = first
        self._most = most
        self.attempts = 0

    def following(self) -> float:
        """Seconds to wait this time."""
        wait = min(self._first * 2.0 ** min(self.attempts, 16), self._most)
        self.attempts += 1
        return wait

    def reset(self) -> None:
        """It went well."""
        self.attempts = 0
