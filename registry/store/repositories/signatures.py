"""Electronic signatures under records."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from registry.domain.signature import RecordSignature, Signable
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.signatures import RecordSignatureRow


_COLUMNS = [getattr(RecordSignatureRow, f.name) for f in fields(RecordSignature)]


class RecordSignatureRepository:
    """Signatures under records."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def under(self, kind: Signable, record_id: str) -> tuple[RecordSignature, ...]:
        """In the order in which they were given."""
        return self._read(
            select(*_COLUMNS)
            .where(RecordSignatureRow.kind == kind)
            .where(RecordSignatureRow.record_id == record_id)
            .order_by(RecordSignatureRow.number)
        )

    @telling_unreadable
    def all(self) -> tuple[RecordSignature, ...]:
        """In the order in which they were given."""
        order = (RecordSignatureRow.signed_at, RecordSignatureRow.signature_id)
        return self._read(select(*_COLUMNS).order_by(*order))

    @telling_unreadable
    def one(self, signature_id: str) -> RecordSignature | None:
        """One signature."""
        mine = RecordSignatureRow.signature_id == signature_id
        return next(iter(self._read(select(*_COLUMNS).where(mine))), None)

    def add(self, signature: RecordSignature) -> None:
        """Append a signature."""
        self._connection.execute(insert(RecordSignatureRow), told(signature))

    def _read(self, query: Select[*tuple[Any, ...]]) -> tuple[RecordSignature, ...]:
        rows = self._connection.execute(query).mappings().all()
        return tuple(RecordSignature(**row) for row in rows)
