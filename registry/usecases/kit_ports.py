"""What the use cases need of a store for kits."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from registry.domain.kit import Kit, KitEvent, KitLine, KitList, KitState


class Kits(Protocol):
    """Lists, kits and what was done with them; apart from them, what they hold."""

    def add_list(self, told: KitList, lines: Sequence[KitLine], nonce: str) -> None:
        """Append the list; its contents go where the arms are.  The signer's alone."""
        ...

    def lists_of(self, *, trial: str, domain: str) -> tuple[str, ...]:
        """Identities of all lists that were imported for the domain."""
        ...

    def list_(self, list_id: str) -> KitList | None:
        """As its kits are now: other labels are another digest."""
        ...

    def list_with(self, kit: str) -> KitList | None:
        """The list the kit came on."""
        ...

    def contents(self, list_id: str) -> str | None:
        """What binds the contents as they are now.  The signer's alone."""
        ...

    def known(self, codes: Sequence[str]) -> frozenset[str]:
        """Those of the codes that are in the registry."""
        ...

    def hold(self, kit: str) -> Kit | None:
        """The kit, held until the transaction ends."""
        ...

    def hold_if_free(self, kit: str, *, state: KitState) -> Kit | None:
        """The same; None where somebody else holds it, or it stands elsewhere."""
        ...

    def of(self, randomisation_id: str) -> tuple[Kit, ...]:
        """All that were ever reserved for it, the last one last."""
        ...

    def instead_of(self, kit: str) -> str | None:
        """The kit that was reserved in its place."""
        ...

    def candidates(
        self, *, trial: str, domain: str, site: str, expires_from: date
    ) -> tuple[tuple[str, str], ...]:
        """Kit and arm of what could be reserved there.  The signer's alone."""
        ...

    def move(self, kit: Kit, event: KitEvent) -> None:
        """Append the event, and let the kit stand as it says."""
        ...

    def event(self, event_id: str) -> KitEvent | None: ...

    def events_of(self, kit: str) -> tuple[KitEvent, ...]:
        """What was done with it, in order."""
        ...

    def all_of(self, trial: str, *, site: str | None = None) -> tuple[Kit, ...]:
        """The kits of a trial, or of one of its sites, by code."""
        ...

    def arms_of(self, trial: str) -> dict[str, str]:
        """What each kit of a trial holds; for who may read arms."""
        ...

    def misstated(self, trial: str) -> int:
        """How many kits stand elsewhere than their last event says, or nowhere."""
        ...
