"""What the use cases need of a store to steer draws: pauses and vectors."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.pause import Pause, Place
from registry.domain.randomisation.vector import AllocationVector


class Pauses(Protocol):
    """What of a trial is paused, revision by revision."""

    def standing(self, trial: str) -> frozenset[Place]:
        """All of the trial that is paused now."""
        ...

    def latest(self, trial: str, place: Place) -> Pause | None: ...

    def add(self, pause: Pause) -> None: ...

    def one(self, pause_id: str) -> Pause | None: ...


class Vectors(Protocol):
    """Published allocation vectors, never changed."""

    def in_force(
        self, *, trial: str, domain: str, stratum: str, design: str
    ) -> AllocationVector | None:
        """The last one for this stratum or for all that fits the design."""
        ...

    def add(self, vector: AllocationVector) -> None:
        """Publish it; it is the last of its domain."""
        ...

    def one(self, vector_id: str) -> AllocationVector | None: ...
