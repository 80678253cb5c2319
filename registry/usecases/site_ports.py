"""What the use cases need of a store for the conduct of a trial at its sites."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.domain.delegation import Delegation, EligibilitySignature
from registry.domain.green_light import GreenLight


class GreenLights(Protocol):
    """Which sites may recruit for which trial."""

    def latest(self, *, trial: str, site: str) -> GreenLight | None: ...

    def one(self, light_id: str) -> GreenLight | None: ...

    def add(self, light: GreenLight) -> None: ...


class Delegations(Protocol):
    """The delegation logs."""

    def latest(self, *, trial: str, site: str) -> tuple[Delegation, ...]:
        """The latest revision of each entry, in the order in which they began."""
        ...

    def one(self, delegation_id: str) -> Delegation | None: ...

    def add(self, delegation: Delegation) -> None: ...


class Signatures(Protocol):
    """Signatures under verdicts."""

    def latest(self, screening_id: str) -> EligibilitySignature | None: ...

    def one(self, signature_id: str) -> EligibilitySignature | None: ...

    def add(self, signature: EligibilitySignature) -> None: ...
