"""The sealed identifiers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, select, union, update
from sqlalchemy.dialects import postgresql, sqlite

from registry.domain.identity import Kept
from registry.store.repositories.bulk import portions, told
from registry.store.rows.stream import ClinicalEventRow
from registry.store.schema import identifiers


class VaultRepository:
    """Rows that only the key outside the database opens."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._table = identifiers(connection.dialect.name)
        columns = self._table.c
        self._row = [columns[name] for name in Kept.__slots__]

    def keep(self, rows: Sequence[Kept], at: datetime) -> None:
        """Add the rows; one that is there is left as it is."""
        if not rows:
            return
        dialect = self._connection.dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        self._connection.execute(
            insert(self._table).on_conflict_do_nothing(),
            [told(row) | {"seen_at": at} for row in rows],
        )

    def of(self, *, site: str, pseudonym: str) -> tuple[Kept, ...]:
        """All identifiers of one pseudonym."""
        columns = self._table.c
        query = select(*self._row).where(
            columns.site == site, columns.pseudonym == pseudonym
        )
        return tuple(Kept(*row) for row in self._connection.execute(query))

    def holding(self, digests: Collection[str]) -> tuple[Kept, ...]:
        """The rows with one of these digests, of any site."""
        found: list[Kept] = []
        for portion in portions(digests):
            query = select(*self._row).where(self._table.c.digest.in_(portion))
            found += (Kept(*row) for row in self._connection.execute(query))
        return tuple(found)

    def under_older_keys(self, version: int, limit: int) -> tuple[Kept, ...]:
        """Some of the rows that are not sealed under this version, held for change."""
        columns = self._table.c
        query = (
            select(*self._row)
            .where(columns.key_version != version)
            .order_by(columns.site, columns.pseudonym, columns.digest)
            .limit(limit)
            .with_for_update()
        )
        return tuple(Kept(*row) for row in self._connection.execute(query))

    def replace(self, old: Kept, new: Kept) -> None:
        """Put one row in the place of another; when it was first seen stays."""
        statement = update(self._table).where(self._is(old))
        self._connection.execute(statement.values(**told(new)))

    def pseudonyms(self, site: str) -> Iterator[str]:
        """Everybody in the vault or in the archive of this site."""
        columns, archived = self._table.c, ClinicalEventRow
        query = union(
            select(columns.pseudonym).where(columns.site == site),
            select(archived.patient).where(archived.site == site),
        )
        for (name,) in self._connection.execute(query):
            yield name

    def sites(self) -> tuple[str, ...]:
        """The sites that anything is kept of."""
        query = select(self._table.c.site).distinct().order_by(self._table.c.site)
        return tuple(self._connection.scalars(query))

    def _is(self, row: Kept) -> ColumnElement[bool]:
        columns = self._table.c
        return and_(
            columns.site == row.site,
            columns.pseudonym == row.pseudonym,
            columns.digest == row.digest,
        )
