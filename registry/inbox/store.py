"""The registry, as the consumer and the relay need it."""

# ruff: noqa: D102  a method whose name and types say all needs no sentence

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from registry.usecases.faults import Diagnosis
from registry.usecases.ports import UnitOfWork


class Store(Protocol):
    """Transactions, and what one failed of."""

    def transaction(self) -> AbstractContextManager[UnitOfWork]: ...

    def diagnosis(self, fault: BaseException) -> Diagnosis | None:
        """None for what nobody foresaw."""
        ...
