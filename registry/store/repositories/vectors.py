"""Published allocation vectors."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select

from registry.domain.audit import canonical
from registry.domain.randomisation.vector import AllocationVector
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.allocation import VectorRow


_VECTOR = [getattr(VectorRow, f.name) for f in fields(AllocationVector)]
_AS_JSON = ("shares", "p_best", "limits")


class VectorRepository:
    """Vectors are added, and never changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def in_force(
        self, *, trial: str, domain: str, stratum: str, design: str
    ) -> AllocationVector | None:
        """The last one for this stratum or for all that fits the design."""
        row = VectorRow
        query = (
            select(*_VECTOR)
            .where(
                row.trial == trial,
                row.domain == domain,
                row.design == design,
                or_(row.stratum.is_(None), row.stratum == stratum),
            )
            .order_by(row.revision.desc())
            .limit(1)
        )
        found = self._connection.execute(query).mappings().one_or_none()
        return None if found is None else _vector(dict(found))

    def add(self, vector: AllocationVector) -> None:
        """Publish it; it is the last of its domain."""
        row = VectorRow
        query = select(func.max(row.revision)).where(
            row.trial == vector.trial, row.domain == vector.domain
        )
        values = told(vector) | {"revision": (self._connection.scalar(query) or 0) + 1}
        for name in _AS_JSON:
            if values[name] is not None:
                values[name] = canonical(values[name]).decode()
        self._connection.execute(insert(row), values)

    def of_trial(self, trial: str | None) -> tuple[AllocationVector, ...]:
        """Of one trial, or all; those of a domain in order of publication."""
        row = VectorRow
        query = select(*_VECTOR).order_by(row.trial, row.domain, row.revision)
        if trial is not None:
            query = query.where(row.trial == trial)
        rows = self._connection.execute(query).mappings()
        return tuple(_vector(dict(one)) for one in rows)

    @telling_unreadable
    def one(self, vector_id: str) -> AllocationVector | None:
        """One vector."""
        query = select(*_VECTOR).where(VectorRow.vector_id == vector_id)
        found = self._connection.execute(query).mappings().one_or_none()
        return None if found is None else _vector(dict(found))


def _vector(told: dict[str, Any]) -> AllocationVector:
    for name in _AS_JSON:
        if told[name] is not None:
            told[name] = tuple(tuple(row) for row in json.loads(told[name]))
    return AllocationVector(**told)
