"""What changed in a reader's memory since it was last written down.

So that what is written for one message is as large as what the message changed, and
not as the memory.
"""

from __future__ import annotations

from typing import Literal


Section = Literal["directory", "ledger", "tests", "growths", "tried", "parents", "held"]
"""The parts of the memory; each has keys of its own."""


class Journal:
    """The places that were written to, each once, in the order of the first write."""

    def __init__(self) -> None:
        self._noted: dict[tuple[Section, str], None] = {}

    def note(self, section: Section, key: str) -> None:
        """Something was learnt, changed or forgotten there."""
        self._noted[section, key] = None

    def take(self) -> list[tuple[Section, str]]:
        """All that was noted; from here on nothing is."""
        noted, self._noted = self._noted, {}
        return list(noted)
