"""Broken blinds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, insert, select

from registry.domain.unblinding import Unblinding
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.unblindings import UnblindingRow


_COLUMNS: list[Any] = [getattr(UnblindingRow, f.name) for f in fields(Unblinding)]


class UnblindingRepository:
    """Broken blinds; none holds an arm."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def one(self, unblinding_id: str) -> Unblinding | None:
        """One of them."""
        mine = UnblindingRow.unblinding_id == unblinding_id
        row = self._connection.execute(select(*_COLUMNS).where(mine)).mappings().first()
        return None if row is None else Unblinding(**row)

    def of(self, randomisation_id: str) -> tuple[Unblinding, ...]:
        """Those of one randomisation, in order."""
        mine = UnblindingRow.randomisation_id == randomisation_id
        query = select(*_COLUMNS).where(mine).order_by(UnblindingRow.number)
        return tuple(
            Unblinding(**r) for r in self._connection.execute(query).mappings()
        )

    def of_trial(self, trial: str | None) -> tuple[Unblinding, ...]:
        """Of one trial, or all, in order."""
        row = UnblindingRow
        query = select(*_COLUMNS).order_by(row.at, row.unblinding_id)
        if trial is not None:
            query = query.where(row.trial == trial)
        return tuple(
            Unblinding(**r) for r in self._connection.execute(query).mappings()
        )

    def add(self, unblinding: Unblinding) -> None:
        """Append it."""
        self._connection.execute(insert(UnblindingRow), told(unblinding))
