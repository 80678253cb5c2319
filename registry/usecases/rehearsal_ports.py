"""What the use cases need of a store for rehearsals."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.rehearsal import Rehearsal


class Rehearsals(Protocol):
    """Acts with decoys; nothing else reads them."""

    def one(self, rehearsal_id: str) -> Rehearsal | None: ...

    def of_code(self, code: str) -> tuple[Rehearsal, ...]:
        """In order; call it with the audit chain locked to number the next."""
        ...

    def last_number(self, *, trial: str, domain: str, site: str) -> int:
        """0 before the first; call it with the audit chain locked."""
        ...

    def add(self, rehearsal: Rehearsal) -> None: ...
