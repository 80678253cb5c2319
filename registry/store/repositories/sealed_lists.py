"""Sealed lists, and what was opened of them."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select

from registry.domain.audit import canonical
from registry.domain.sealed_list import SealedList, SealedOpening
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.sealed_lists import SealedListRow, SealedOpeningRow


_LIST: list[Any] = [getattr(SealedListRow, f.name) for f in fields(SealedList)]
_OPENING: list[Any] = [getattr(SealedOpeningRow, f.name) for f in fields(SealedOpening)]


class SealedListRepository:
    """What commits to the lists, and what was told to be opened of them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def one(self, list_id: str) -> SealedList | None:
        """One list."""
        return next(iter(self._lists(SealedListRow.list_id == list_id)), None)

    def of_trial(self, trial: str) -> tuple[SealedList, ...]:
        """By domain, site and first number."""
        return self._lists(SealedListRow.trial == trial)

    def add(self, sealed: SealedList) -> None:
        """Append it."""
        values = told(sealed)
        for name in ("ratio", "commitments"):
            values[name] = canonical(values[name]).decode()
        self._connection.execute(insert(SealedListRow), values)

    @telling_unreadable
    def opening(self, opening_id: str) -> SealedOpening | None:
        """One page as it was told."""
        mine = SealedOpeningRow.opening_id == opening_id
        return next(iter(self._openings(mine)), None)

    def openings(self, list_id: str) -> tuple[SealedOpening, ...]:
        """Of one list, in the order in which they were entered."""
        return self._openings(SealedOpeningRow.list_id == list_id)

    def openings_of_trial(self, trial: str) -> tuple[SealedOpening, ...]:
        """Those by which somebody was randomised."""
        row = SealedOpeningRow
        return self._openings(row.trial == trial, row.randomisation_id.is_not(None))

    def add_opening(self, opening: SealedOpening) -> None:
        """Append it."""
        values = told(opening)
        values["findings"] = canonical(values["findings"]).decode()
        self._connection.execute(insert(SealedOpeningRow), values)

    def _lists(self, mine: ColumnElement[bool]) -> tuple[SealedList, ...]:
        row = SealedListRow
        query = select(*_LIST).where(mine).order_by(row.domain, row.site, row.first_no)
        return tuple(_list(one) for one in self._connection.execute(query).mappings())

    def _openings(self, *mine: ColumnElement[bool]) -> tuple[SealedOpening, ...]:
        row = SealedOpeningRow
        query = select(*_OPENING).where(*mine)
        ordered = query.order_by(row.recorded_at, row.envelope, row.opening_id)
        found = self._connection.execute(ordered).mappings()
        return tuple(_opening(one) for one in found)


def _list(row: RowMapping) -> SealedList:
    values = {
        "ratio": tuple((arm, share) for arm, share in json.loads(row["ratio"])),
        "commitments": tuple(json.loads(row["commitments"])),
    }
    return SealedList(**{**row, **values})


def _opening(row: RowMapping) -> SealedOpening:
    return SealedOpening(**{**row, "findings": tuple(json.loads(row["findings"]))})
