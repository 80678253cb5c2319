"""Broken blinds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from registry.domain.unblinding import Unblinding, UnblindingNote, UnblindingReason
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.unblindings import UnblindingRow
from registry.store.schema import unblinding_notes


_COLUMNS: list[Any] = [getattr(UnblindingRow, f.name) for f in fields(Unblinding)]


class UnblindingRepository:
    """Broken blinds; none holds an arm."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._notes = unblinding_notes(connection.dialect.name)

    @telling_unreadable
    def one(self, unblinding_id: str) -> Unblinding | None:
        """One of them."""
        mine = UnblindingRow.unblinding_id == unblinding_id
        row = self._connection.execute(select(*_COLUMNS).where(mine)).mappings().first()
        return None if row is None else _record(row)

    def of(self, randomisation_id: str) -> tuple[Unblinding, ...]:
        """Those of one randomisation, in order."""
        mine = UnblindingRow.randomisation_id == randomisation_id
        query = select(*_COLUMNS).where(mine).order_by(UnblindingRow.number)
        return tuple(map(_record, self._connection.execute(query).mappings()))

    def of_trial(self, trial: str | None) -> tuple[Unblinding, ...]:
        """Of one trial, or all, in order."""
        row = UnblindingRow
        query = select(*_COLUMNS).order_by(row.at, row.unblinding_id)
        if trial is not None:
            query = query.where(row.trial == trial)
        return tuple(map(_record, self._connection.execute(query).mappings()))

    def add(self, unblinding: Unblinding, note: UnblindingNote | None) -> None:
        """Append it, and beside the arms why in words."""
        values = told(unblinding) | {"reason": unblinding.reason.value}
        self._connection.execute(insert(UnblindingRow), values)
        if note is not None:
            why = {"note": note.words, "nonce": note.nonce}
            mine = {"unblinding_id": unblinding.unblinding_id}
            self._connection.execute(insert(self._notes), mine | why)

    def note(self, unblinding_id: str) -> UnblindingNote | None:
        """Why, in words; for who may read arms."""
        mine = self._notes.c.unblinding_id == unblinding_id
        query = select(self._notes.c.note, self._notes.c.nonce).where(mine)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else UnblindingNote(words=row.note, nonce=row.nonce)


def _record(row: RowMapping) -> Unblinding:
    return Unblinding(**{**row, "reason": UnblindingReason(row["reason"])})
