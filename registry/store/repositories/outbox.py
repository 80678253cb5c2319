"""What is to be told outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from registry.store.repositories.bulk import told
from registry.store.rows.alerts import OutboxRow
from registry.usecases.outbox import OutboxItem


_RELAY = 815_004_322
"""The advisory lock of the one relay."""

_ITEM = [getattr(OutboxRow, f.name) for f in fields(OutboxItem)]
_ADD = insert(OutboxRow)


class OutboxRepository:
    """Items wait here until they are delivered or given up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._coming: list[OutboxItem] = []

    def add(self, items: Iterable[OutboxItem]) -> None:
        """Append items; they are written together before the transaction ends."""
        self._coming += items

    def write(self) -> None:
        """Write what was added.

        Each takes the next position at once, so that of two items of one key the one
        that comes later is the one whose transaction came later: who writes to a key
        holds the mutex of its acts by then (`audit.lock`).
        """
        if self._coming:
            rows = [told(item) for item in self._coming]
            if self._connection.dialect.name == "sqlite":
                # One writes at a time: the next number is nobody else's.
                last = self._connection.scalar(select(func.max(OutboxRow.position)))
                for number, row in enumerate(rows, start=(last or 0) + 1):
                    row["position"] = number
            self._connection.execute(_ADD, rows)
            self.forget()

    def forget(self) -> None:
        """What was added is not to be written: that part was undone."""
        self._coming.clear()

    def claim(
        self, *, topic: str, now: datetime, lease_until: datetime, limit: int = 100
    ) -> tuple[OutboxItem, ...]:
        """What is due, oldest first, taken by this caller until the lease ends."""
        query = (
            select(*_ITEM)
            .where(OutboxRow.topic == topic, OutboxRow.next_attempt_at <= now)
            .order_by(OutboxRow.created_at, OutboxRow.position)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = self._written().execute(query).mappings()
        due = [OutboxItem(**row) for row in rows]
        if due:
            self._written().execute(
                update(OutboxRow)
                .where(OutboxRow.outbox_id.in_([item.outbox_id for item in due]))
                .values(attempts=OutboxRow.attempts + 1, next_attempt_at=lease_until)
            )
        return tuple(
            replace(i, attempts=i.attempts + 1, next_attempt_at=lease_until)
            for i in due
        )

    def delivered(self, outbox_id: str, *, at: datetime) -> None:
        """It arrived; nothing more is tried."""
        self._written().execute(
            update(OutboxRow)
            .where(OutboxRow.outbox_id == outbox_id)
            .values(delivered_at=at, next_attempt_at=None, error=None)
        )

    def failed(
        self, outbox_id: str, *, error: str, next_attempt_at: datetime | None
    ) -> None:
        """It did not arrive; None as the next attempt: given up, a dead letter."""
        self._written().execute(
            update(OutboxRow)
            .where(
                OutboxRow.outbox_id == outbox_id,
                OutboxRow.next_attempt_at.is_not(None),
            )
            .values(error=error, next_attempt_at=next_attempt_at)
        )

    def give_up(self, *, topic: str, error: str) -> int:
        """How many undelivered items of the topic will now never be sent."""
        done = self._written().execute(
            update(OutboxRow)
            .where(OutboxRow.topic == topic, OutboxRow.next_attempt_at.is_not(None))
            .values(error=error, next_attempt_at=None)
        )
        return done.rowcount

    def next_due(self, topic: str) -> datetime | None:
        """When the next item of the topic is to be tried."""
        query = select(func.min(OutboxRow.next_attempt_at))
        return self._written().scalar(query.where(OutboxRow.topic == topic))

    def lead(self) -> bool:
        """Whether this transaction may relay in order; nobody else may until its end."""
        if self._connection.dialect.name == "sqlite":
            return True  # a transaction that writes is alone
        leads = select(func.pg_try_advisory_xact_lock(_RELAY))
        return bool(self._written().scalar(leads))

    def waiting(self, topics: Collection[str], limit: int) -> tuple[OutboxItem, ...]:
        """What is not settled, in the order in which it was written."""
        query = (
            select(*_ITEM)
            .where(OutboxRow.topic.in_(topics), OutboxRow.next_attempt_at.is_not(None))
            .order_by(OutboxRow.position)
            .limit(limit)
        )
        rows = self._written().execute(query).mappings()
        return tuple(OutboxItem(**row) for row in rows)

    def count_waiting(self, topics: Collection[str]) -> int:
        """How many items are not settled."""
        query = select(func.count()).where(
            OutboxRow.topic.in_(topics), OutboxRow.next_attempt_at.is_not(None)
        )
        return self._written().scalar(query) or 0

    def _written(self) -> Connection:
        self.write()
        return self._connection
