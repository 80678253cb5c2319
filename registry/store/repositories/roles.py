"""Who has which role where."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select

from registry.domain.roles import RoleGrant
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.roles import RoleGrantRow


_FIELDS = [getattr(RoleGrantRow, name) for name in RoleGrant.__slots__]


class RoleGrantRepository:
    """Grants, revision by revision."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def latest(self, person: str | None = None) -> tuple[RoleGrant, ...]:
        """The latest revision of each grant, of one person or of all, by their names."""
        query = select(*_FIELDS)
        if person is not None:
            query = query.where(RoleGrantRow.person == person)
        order = (RoleGrantRow.entry, RoleGrantRow.revision)
        rows = self._connection.execute(query.order_by(*order)).mappings()
        last = {row["entry"]: RoleGrant(**row) for row in rows}
        return tuple(sorted(last.values(), key=_order))

    @telling_unreadable
    def one(self, grant_id: str) -> RoleGrant | None:
        """One revision."""
        query = select(*_FIELDS).where(RoleGrantRow.grant_id == grant_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else RoleGrant(**row)

    def add(self, grant: RoleGrant) -> None:
        """Append a revision."""
        self._connection.execute(insert(RoleGrantRow), told(grant))


def _order(grant: RoleGrant) -> tuple[str, str, str, str, str]:
    return (grant.person, grant.role, grant.site, grant.trial, grant.entry)
