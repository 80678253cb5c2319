"""What acts over several domains answered."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from registry.domain.answered import DomainAnswer
from registry.domain.audit import canonical
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.answered import DomainAnswerRow


class DomainAnswerRepository:
    """Appended, and read again by act or by identity."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_act(self, act: str) -> tuple[DomainAnswer, ...]:
        """The answers of one act, by domain."""
        query = select(*_COLUMNS).where(DomainAnswerRow.act == act)
        found = self._connection.execute(query).mappings()
        return tuple(sorted(map(_answer, found), key=lambda one: one.domain))

    @telling_unreadable
    def one(self, answer_id: str) -> DomainAnswer | None:
        """One answer."""
        query = select(*_COLUMNS).where(DomainAnswerRow.answer_id == answer_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else _answer(row)

    def add(self, answer: DomainAnswer) -> None:
        """Append it."""
        values: dict[str, Any] = told(answer)
        written = {name: canonical(values[name]).decode() for name in _AS_JSON}
        self._connection.execute(insert(DomainAnswerRow), values | written)


_COLUMNS = [getattr(DomainAnswerRow, f.name) for f in fields(DomainAnswer)]
_AS_JSON = ("obstacles", "availability")


def _answer(row: RowMapping) -> DomainAnswer:
    read = {n: tuple(tuple(one) for one in json.loads(row[n])) for n in _AS_JSON}
    return DomainAnswer(**{**row, **read})
