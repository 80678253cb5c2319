"""What the use cases need of a store for roles."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.roles import RoleGrant


class RoleGrants(Protocol):
    """Who has which role where."""

    def latest(self, person: str | None = None) -> tuple[RoleGrant, ...]:
        """The latest revision of each grant, of one person or of all, by their names.

        A grant of which a revision cannot be read gives nobody anything.
        """
        ...

    def entries(self, person: str | None = None) -> int:
        """How many grants were ever made, to one person or to all, readable or not."""
        ...

    def one(self, grant_id: str) -> RoleGrant | None: ...

    def add(self, grant: RoleGrant) -> None: ...
