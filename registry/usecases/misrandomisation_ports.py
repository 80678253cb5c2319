"""What the use cases need of a store for randomisations in error."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.misrandomisation import Misrandomisation


class Misrandomisations(Protocol):
    """Randomisations in error."""

    def one(self, misrandomisation_id: str) -> Misrandomisation | None: ...

    def of(self, randomisation_id: str) -> tuple[Misrandomisation, ...]:
        """In order; call it with the audit chain locked to number the next."""
        ...

    def of_trial(self, trial: str | None) -> tuple[Misrandomisation, ...]:
        """Of one trial, or all, in the order in which they were recorded."""
        ...

    def add(self, recorded: Misrandomisation) -> None: ...
