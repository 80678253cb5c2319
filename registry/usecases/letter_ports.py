"""What the use cases need of a store for dead letters."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.letter import Letter
from streams.vocabulary.messages import DeadLetter


class Letters(Protocol):
    """Dead letters, and how often each was sent again."""

    def add(self, letters: Sequence[DeadLetter]) -> tuple[int, ...]:
        """Which of them were there before."""
        ...

    def listing(
        self, *, code: str | None, waiting: bool, limit: int
    ) -> tuple[Letter, ...]:
        """The latest first."""
        ...

    def one(self, message_id: str) -> Letter | None:
        """By its id, or the beginning of it; None where several begin so."""
        ...

    def drop_before(self, moment: datetime) -> None:
        """Letters hold identifiers: they are kept no longer than on their topic."""
        ...

    def note_retry(self, message_id: str, at: datetime) -> None: ...
