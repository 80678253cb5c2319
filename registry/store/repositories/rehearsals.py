"""Rehearsals."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select

from registry.domain.audit import canonical
from registry.domain.rehearsal import Act, Rehearsal
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.rehearsals import RehearsalRow


_COLUMNS: list[Any] = [getattr(RehearsalRow, f.name) for f in fields(Rehearsal)]


class RehearsalRepository:
    """Acts with decoys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def one(self, rehearsal_id: str) -> Rehearsal | None:
        """One act."""
        mine = RehearsalRow.rehearsal_id == rehearsal_id
        return next(iter(self._those(mine)), None)

    def of_code(self, code: str) -> tuple[Rehearsal, ...]:
        """Those with one decoy, in order."""
        return self._those(RehearsalRow.code == code)

    def last_number(self, *, trial: str, domain: str, site: str) -> int:
        """0 before the first."""
        row = RehearsalRow
        query = select(func.max(row.number)).where(
            row.trial == trial, row.domain == domain, row.site == site
        )
        return self._connection.scalar(query) or 0

    def add(self, rehearsal: Rehearsal) -> None:
        """Append it."""
        values = told(rehearsal)
        values["act"] = rehearsal.act.value
        values["ratio"] = canonical(values["ratio"]).decode()
        self._connection.execute(insert(RehearsalRow), values)

    def _those(self, mine: ColumnElement[bool]) -> tuple[Rehearsal, ...]:
        query = select(*_COLUMNS).where(mine).order_by(RehearsalRow.turn)
        found = self._connection.execute(query).mappings()
        return tuple(_rehearsal(one) for one in found)


def _rehearsal(row: RowMapping) -> Rehearsal:
    ratio = tuple((arm, share) for arm, share in json.loads(row["ratio"]))
    return Rehearsal(**{**row, "act": Act(row["act"]), "ratio": ratio})
