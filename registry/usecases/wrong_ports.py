"""What one transaction holds for when things go wrong."""

# ruff: noqa: D102  a property whose name and type say all needs no sentence

from __future__ import annotations

from typing import Protocol

from registry.usecases.misrandomisation_ports import Misrandomisations
from registry.usecases.rehearsal_ports import Rehearsals
from registry.usecases.sealed_ports import SealedLists
from registry.usecases.unblinding_ports import Unblindings


class WhenThingsGoWrong(Protocol):
    """Part of a unit of work."""

    @property
    def unblindings(self) -> Unblindings: ...

    @property
    def misrandomisations(self) -> Misrandomisations: ...

    @property
    def sealed_lists(self) -> SealedLists: ...

    @property
    def rehearsals(self) -> Rehearsals: ...
