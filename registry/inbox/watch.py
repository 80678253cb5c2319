"""What a consumer or relay tells of itself while it runs."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from streams.vocabulary.messages import DeadLetter


Outcome = Literal["applied", "repeated", "rejected", "ignored"]
Around = Literal["registry", "broker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAccount:
    """One portion of records, done: the transaction and the offset are committed."""

    records: Mapping[tuple[str, Outcome], int]
    """By topic and outcome."""
    seconds: float
    delays: Sequence[float]
    """Seconds from `known_at` to the commit, of each new message of live facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something around it is wrong; it waits."""

    around: Around
    fault: Exception
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Records of a partition that retention took before they were read: lost."""

    topic: str
    partition: int
    first: int
    """The offset of the first one."""
    next: int
    """The offset of what is there behind the last one."""

    @property
    def records(self) -> int:
        """How many."""
        return self.next - self.first


class Watch(Protocol):
    """Whoever wants to know."""

    def on_batch(self, account: BatchAccount) -> None: ...

    def on_round(self) -> None:
        """The broker took a commit, or showed that there was nothing to read."""
        ...

    def on_lag(self, records: Mapping[str, int]) -> None:
        """Records not yet read, by topic."""
        ...

    def on_letter(self, letter: DeadLetter) -> None: ...

    def on_skipped(self, skipped: Skipped) -> None: ...

    def on_trouble(self, trouble: Trouble) -> None: ...


@dataclass(slots=True)
class Account:
    """What is counted while a portion is being done."""

    records: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    known: list[datetime] = field(default_factory=list)

    def closed(self, *, seconds: float, at: datetime) -> BatchAccount:
        """As it is told."""
        second = timedelta(seconds=1)
        return BatchAccount(
            records=self.records,
            seconds=seconds,
            delays=[(at - known) / second for known in self.known],
        )
