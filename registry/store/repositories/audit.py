"""The hash chains, and what their batch rows speak of."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, Text, and_, bindparam, func, insert, select, update

from registry.domain.audit import (
    Account,
    AuditEntry,
    AuditRow,
    Head,
    UnreadableRow,
    head_after,
    link,
    start,
)
from registry.store.repositories.accounts import places, record_counts, stored_batch
from registry.store.repositories.bulk import in_parts, insert_into, named, told
from registry.store.repositories.reading import UNREADABLE, telling_unreadable
from registry.store.rows.audit import AuditHeadRow, AuditRowRow


_ROW = [getattr(AuditRowRow, f.name) for f in fields(AuditRow)]
_HEAD = [getattr(AuditHeadRow, f.name) for f in fields(Head)]
_PAGE = 5_000
_PLACE = and_(
    AuditHeadRow.site == bindparam("at_site", type_=Text()),
    AuditHeadRow.trial == bindparam("at_trial", type_=Text()),
)
_HOLD = select(*_HEAD).where(_PLACE).with_for_update()
_APPEND = insert(AuditRowRow)
_ADVANCE = update(AuditHeadRow).where(_PLACE)
_TOLD = in_parts("row", AuditRowRow.__table__)
_APPEND_AND_ADVANCE = _ADVANCE.values(
    sequence=_TOLD["sequence"], row_hash=_TOLD["row_hash"]
).add_cte(_APPEND.values(_TOLD).cte("appended"))
"""The row and the head it leads to, in one statement of PostgreSQL."""


class AuditRepository:
    """Chains grow at their end only, one transaction at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._held: dict[tuple[str, str], Head] = {}

    def lock(self, *, site: str, trial: str) -> Head:
        """The head of the chain, held until the transaction ends."""
        held = self._held.get((site, trial))
        if held is None:
            held = self._held[site, trial] = self._taken(site, trial)
        return held

    def append(self, entry: AuditEntry) -> AuditRow:
        """Add a link to the entry's chain."""
        head = self.lock(site=entry.site, trial=entry.trial)
        row = link(entry, head)
        after = head_after(row)
        values, place = told(row), _at(row.site, row.trial)
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_APPEND_AND_ADVANCE, named("row", values) | place)
        else:
            stands = {"sequence": after.sequence, "row_hash": after.row_hash}
            self._connection.execute(_APPEND, values)
            self._connection.execute(_ADVANCE, place | stands)
        self._held[row.site, row.trial] = after
        return row

    def forget(self) -> None:
        """What was held is held no more: a part of the transaction was undone."""
        self._held.clear()

    @telling_unreadable
    def heads(self) -> tuple[Head, ...]:
        """The head record of each chain."""
        query = select(*_HEAD).order_by(AuditHeadRow.site, AuditHeadRow.trial)
        heads = [Head(*row) for row in self._connection.execute(query)]
        _check_texts(*(h.row_hash for h in heads))
        return tuple(heads)

    @telling_unreadable
    def chains(self) -> tuple[tuple[str, str], ...]:
        """Site and trial of each chain there is, and of each there ought to be."""
        found = [(site, trial) for site, trial in self._connection.execute(places())]
        _check_texts(*(name for place in found for name in place))
        return tuple(sorted(found))

    def rows(self, *, site: str, trial: str) -> Iterator[AuditRow | UnreadableRow]:
        """One chain in order, a page at a time; ends with a row it cannot read."""
        last = -1
        while page := self._page(site, trial, last):
            for row in page:
                yield row
                if isinstance(row, UnreadableRow):
                    return
                last = row.sequence

    def row(
        self, *, site: str, trial: str, sequence: int
    ) -> AuditRow | UnreadableRow | None:
        """One link; None where there is none of this number."""
        try:
            found = self._read(site, trial, sequence - 1, 1)
        except UNREADABLE:
            return UnreadableRow()
        return next((row for row in found if row.sequence == sequence), None)

    @telling_unreadable
    def of_subject(
        self, subject: str, actions: Collection[str]
    ) -> tuple[AuditRow, ...]:
        """The rows that tell one of these acts on this subject, in whatever chain."""
        query = (
            select(*_ROW)
            .where(AuditRowRow.subject == subject, AuditRowRow.action.in_(actions))
            .order_by(AuditRowRow.site, AuditRowRow.trial, AuditRowRow.sequence)
        )
        rows = self._connection.execute(query).mappings().all()
        return tuple(_checked(AuditRow(**row)) for row in rows)

    def count(self, *, action: str, actor: str, since: datetime) -> int:
        """How often somebody did this from then on, in the whole registry's chain."""
        query = select(func.count()).where(
            AuditRowRow.site == "",
            AuditRowRow.trial == "",
            AuditRowRow.action == action,
            AuditRowRow.actor == actor,
            AuditRowRow.at >= since,
        )
        return self._connection.scalar(query) or 0

    @telling_unreadable
    def batch_rows(
        self, batch_id: str, *, site: str, trial: str, at: datetime
    ) -> tuple[tuple[str, str], ...]:
        """Message id and document of what a batch wrote to one chain, as it is now.

        A row whose columns say other than its document, or that it was not recorded
        `at`, has no document.
        """
        return stored_batch(self._connection, batch_id, site=site, trial=trial, at=at)

    def recorded(self, *, site: str, trial: str) -> dict[Account, int]:
        """How many records of each sort there are now that a chain must account for."""
        there = {"at_site": site, "in_trial": trial}
        return {
            account: sum(
                self._connection.scalar(query, there) or 0 for query in queries
            )
            for account, queries in record_counts().items()
        }

    def _taken(self, site: str, trial: str) -> Head:
        there = _at(site, trial)
        row = self._connection.execute(_HOLD, there).one_or_none()
        if row is None:
            statement = insert_into(self._connection, AuditHeadRow)
            self._connection.execute(
                statement.on_conflict_do_nothing(), told(start(site, trial))
            )
            row = self._connection.execute(_HOLD, there).one()
        return Head(*row)

    def _page(
        self, site: str, trial: str, last: int
    ) -> Sequence[AuditRow | UnreadableRow]:
        """The next rows; ever fewer where they cannot be read together."""
        limit = _PAGE
        while limit:
            try:
                return self._read(site, trial, last, limit)
            except UNREADABLE:
                limit //= 2
        return [UnreadableRow()]

    def _read(self, site: str, trial: str, last: int, limit: int) -> list[AuditRow]:
        query = (
            select(*_ROW)
            .where(
                AuditRowRow.site == site,
                AuditRowRow.trial == trial,
                AuditRowRow.sequence > last,
            )
            .order_by(AuditRowRow.sequence)
            .limit(limit)
        )
        rows = self._connection.execute(query).mappings().all()
        return [_checked(AuditRow(**row)) for row in rows]


def _at(site: str, trial: str) -> dict[str, str]:
    return {"at_site": site, "at_trial": trial}


def _checked(row: AuditRow) -> AuditRow:
    _check_texts(row.action, row.actor, row.subject, row.detail)
    _check_texts(row.previous_hash, row.row_hash)
    if not isinstance(row.sequence, int):
        raise TypeError(f"{row.sequence!r} numbers no audit row.")
    return row


def _check_texts(*values: object) -> None:
    """Raises TypeError where SQLite, which takes anything, was given no text."""
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"{value!r} stands where a text belongs.")
