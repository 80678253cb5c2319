"""Tombstones of what was taken out."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from registry.domain.redaction import Redaction
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.redactions import RedactionRow


_COLUMNS: list[Any] = [getattr(RedactionRow, f.name) for f in fields(Redaction)]


class RedactionRepository:
    """Tombstones of what was taken out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def one(self, redaction_id: str) -> Redaction | None:
        """One of them."""
        return self._first(RedactionRow.redaction_id == redaction_id)

    @telling_unreadable
    def of(self, record_id: str) -> Redaction | None:
        """That of a record; None where nothing was taken out."""
        return self._first(RedactionRow.record_id == record_id)

    def add(self, redaction: Redaction) -> None:
        """Append it."""
        self._connection.execute(insert(RedactionRow), told(redaction))

    def _first(self, mine: ColumnElement[bool]) -> Redaction | None:
        row = self._connection.execute(select(*_COLUMNS).where(mine)).mappings().first()
        return None if row is None else Redaction(**row)
