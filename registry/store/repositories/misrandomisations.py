"""Randomisations in error."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select

from registry.domain.audit import canonical
from registry.domain.misrandomisation import Kind, Misrandomisation
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.misrandomisations import MisrandomisationRow, ReceivedRow


_COLUMNS: list[Any] = [
    getattr(ReceivedRow if f.name == "received" else MisrandomisationRow, f.name)
    for f in fields(Misrandomisation)
]


class MisrandomisationRepository:
    """Randomisations in error."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def one(self, misrandomisation_id: str) -> Misrandomisation | None:
        """One of them."""
        mine = MisrandomisationRow.misrandomisation_id == misrandomisation_id
        return next(iter(self._those(mine)), None)

    def of(self, randomisation_id: str) -> tuple[Misrandomisation, ...]:
        """Those of one randomisation, in order."""
        return self._those(MisrandomisationRow.randomisation_id == randomisation_id)

    def of_trial(self, trial: str | None) -> tuple[Misrandomisation, ...]:
        """Those of one trial, or all, in order."""
        row = MisrandomisationRow
        return self._those(*([] if trial is None else [row.trial == trial]))

    def add(self, recorded: Misrandomisation) -> None:
        """Append it."""
        values = told(recorded)
        values["kind"] = recorded.kind.value
        values["true_values"] = canonical(values["true_values"]).decode()
        received = values.pop("received")
        self._connection.execute(insert(MisrandomisationRow), values)
        if received is not None:
            mine = {"misrandomisation_id": recorded.misrandomisation_id}
            given = {**mine, "received": received}
            self._connection.execute(insert(ReceivedRow), given)

    def _those(self, *mine: ColumnElement[bool]) -> tuple[Misrandomisation, ...]:
        """What was given is None for who may not know it, as where nothing was told."""
        row, given = MisrandomisationRow, ReceivedRow
        order = (row.recorded_at, row.randomisation_id, row.number)
        query = (
            select(*_COLUMNS)
            .select_from(row)
            .outerjoin(given, given.misrandomisation_id == row.misrandomisation_id)
            .where(*mine)
            .order_by(*order)
        )
        found = self._connection.execute(query).mappings()
        return tuple(_record(one) for one in found)


def _record(row: RowMapping) -> Misrandomisation:
    pairs = json.loads(row["true_values"])
    values = {
        "kind": Kind(row["kind"]),
        "true_values": tuple((name, value) for name, value in pairs),
    }
    return Misrandomisation(**{**row, **values})
