"""Who has which role where."""

from __future__ import annotations

from sqlalchemy import Connection, func, insert, select

from registry.domain.audit import UnreadableRecordError
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
        """The latest revision of each grant, of one person or of all, by their names.

        A grant of which a revision cannot be read gives nobody anything.
        """
        try:
            revisions = self._revisions(person)
        except UnreadableRecordError:
            revisions = self._readable(person)
        last = {one.entry: one for one in revisions}
        return tuple(sorted(last.values(), key=_order))

    def entries(self, person: str | None = None) -> int:
        """How many grants were ever made, to one person or to all, readable or not."""
        query = select(func.count(RoleGrantRow.entry.distinct()))
        if person is not None:
            query = query.where(RoleGrantRow.person == person)
        return self._connection.scalar(query) or 0

    @telling_unreadable
    def one(self, grant_id: str) -> RoleGrant | None:
        """One revision."""
        query = select(*_FIELDS).where(RoleGrantRow.grant_id == grant_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else RoleGrant(**row)

    def add(self, grant: RoleGrant) -> None:
        """Append a revision."""
        self._connection.execute(insert(RoleGrantRow), told(grant))

    @telling_unreadable
    def _revisions(self, person: str | None) -> list[RoleGrant]:
        query = select(*_FIELDS)
        if person is not None:
            query = query.where(RoleGrantRow.person == person)
        order = (RoleGrantRow.entry, RoleGrantRow.revision)
        rows = self._connection.execute(query.order_by(*order)).mappings()
        return [RoleGrant(**row) for row in rows]

    def _readable(self, person: str | None) -> list[RoleGrant]:
        """Revisions of grants that can be read whole, one by one."""
        query = select(RoleGrantRow.grant_id, RoleGrantRow.entry)
        if person is not None:
            query = query.where(RoleGrantRow.person == person)
        order = (RoleGrantRow.entry, RoleGrantRow.revision)
        found, unreadable = [], set()
        for named, entry in self._connection.execute(query.order_by(*order)).all():
            try:
                grant = self.one(named)
            except UnreadableRecordError:
                unreadable.add(entry)
            else:
                found += [] if grant is None else [grant]
        return [one for one in found if one.entry not in unreadable]


def _order(grant: RoleGrant) -> tuple[str, str, str, str, str]:
    return (grant.person, grant.role, grant.site, grant.trial, grant.entry)
