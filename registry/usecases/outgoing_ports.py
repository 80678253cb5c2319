"""What the use cases need of a store for what goes out, and what came back."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from registry.domain.letter import Letter
from registry.usecases.outbox import OutboxItem
from streams.vocabulary.messages import DeadLetter


class Outbox(Protocol):
    """What is to be told outside."""

    def add(self, items: Iterable[OutboxItem]) -> None: ...

    def claim(
        self, *, topic: str, now: datetime, lease_until: datetime, limit: int = 100
    ) -> tuple[OutboxItem, ...]:
        """What is due, taken by this caller until the lease ends."""
        ...

    def delivered(self, outbox_id: str, *, at: datetime) -> None: ...

    def failed(
        self, outbox_id: str, *, error: str, next_attempt_at: datetime | None
    ) -> None:
        """None: given up, a dead letter."""
        ...

    def give_up(self, *, topic: str, error: str) -> int:
        """How many undelivered items of the topic will now never be sent."""
        ...

    def next_due(self, topic: str) -> datetime | None: ...

    def lead(self) -> bool:
        """Whether this transaction may relay in order; nobody else may until its end."""
        ...

    def waiting(self, topics: Collection[str], limit: int) -> tuple[OutboxItem, ...]:
        """What is not settled, in the order in which it was written."""
        ...

    def count_waiting(self, topics: Collection[str]) -> int: ...


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
