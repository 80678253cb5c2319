"""What the use cases need of a store for sealed lists."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.sealed_list import SealedList, SealedOpening


class SealedLists(Protocol):
    """What commits to the lists, and what was told to be opened of them."""

    def one(self, list_id: str) -> SealedList | None: ...

    def of_trial(self, trial: str) -> tuple[SealedList, ...]:
        """By domain, site and first number."""
        ...

    def add(self, sealed: SealedList) -> None: ...

    def opening(self, opening_id: str) -> SealedOpening | None: ...

    def openings(self, list_id: str) -> tuple[SealedOpening, ...]:
        """In the order in which they were entered."""
        ...

    def openings_of_trial(self, trial: str) -> tuple[SealedOpening, ...]:
        """By which somebody was randomised."""
        ...

    def add_opening(self, opening: SealedOpening) -> None: ...
