"""What the use cases need of a store for judged outcomes and deviations."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.conduct import Deviation, JudgedOutcome
from registry.domain.redaction import Redaction


class JudgedOutcomes(Protocol):
    """What humans say of outcomes."""

    def latest(self, outcome_id: str) -> JudgedOutcome | None: ...

    def one(self, judgement_id: str) -> JudgedOutcome | None: ...

    def add(self, judged: JudgedOutcome) -> None: ...


class Deviations(Protocol):
    """Departures from the protocol."""

    def last_number(self, participant: str) -> int:
        """0 before the first; call it with the audit chain locked."""
        ...

    def one(self, deviation_id: str) -> Deviation | None: ...

    def add(self, deviation: Deviation) -> None: ...

    def redact(self, deviation_id: str) -> None:
        """Put the tombstone in place of the description; its redaction is there."""
        ...


class Redactions(Protocol):
    """Tombstones of what was taken out."""

    def one(self, redaction_id: str) -> Redaction | None: ...

    def of(self, record_id: str) -> Redaction | None:
        """That of a record; None where nothing was taken out."""
        ...

    def add(self, redaction: Redaction) -> None: ...
