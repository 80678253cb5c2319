"""Arms of deferred domains that were told, and those that were not."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, insert, select

from registry.domain.reveal import Reveal
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.reveals import RevealRow
from registry.usecases.allocation_ports import Unrevealed


class RevealRepository:
    """Appended, and read by the randomisation."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def one(self, randomisation_id: str) -> Reveal | None:
        """The reveal of one arm; None where it is hidden."""
        query = select(*(getattr(RevealRow, f.name) for f in fields(Reveal))).where(
            RevealRow.randomisation_id == randomisation_id
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Reveal(**row)

    def add(self, reveal: Reveal) -> None:
        """Append it: the view of open arms shows the arm from now on."""
        self._connection.execute(insert(RevealRow), told(reveal))

    def waiting(self, trial: str) -> tuple[Unrevealed, ...]:
        """Who was drawn in a deferred domain, and to what nobody knows."""
        row = RandomisationRow
        query: Any = (
            select(row.participant, row.site, row.domain, row.randomised_at)
            .outerjoin(RevealRow, RevealRow.randomisation_id == row.randomisation_id)
            .where(
                row.trial == trial,
                row.deferred.is_(True),
                RevealRow.randomisation_id.is_(None),
            )
            .order_by(row.randomised_at, row.participant, row.domain)
        )
        found = self._connection.execute(query).mappings()
        return tuple(Unrevealed(**one) for one in found)
