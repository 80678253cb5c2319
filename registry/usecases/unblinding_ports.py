"""What the use cases need of a store for broken blinds."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.unblinding import Unblinding, UnblindingNote


class Unblindings(Protocol):
    """Broken blinds; none holds an arm."""

    def one(self, unblinding_id: str) -> Unblinding | None: ...

    def of(self, randomisation_id: str) -> tuple[Unblinding, ...]:
        """In order; call it with the audit chain locked to number the next."""
        ...

    def of_trial(self, trial: str | None) -> tuple[Unblinding, ...]:
        """Of one trial, or all, in order."""
        ...

    def add(self, unblinding: Unblinding, note: UnblindingNote | None) -> None: ...

    def note(self, unblinding_id: str) -> UnblindingNote | None:
        """Why, in words; for who may read arms."""
        ...
