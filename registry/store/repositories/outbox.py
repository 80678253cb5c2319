"""What is to be told outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from registry.store.repositories.bulk import told
from registry.store.rows.alerts import OutboxRow
from registry.usecases.outbox import OutboxItem


_ITEM = [getattr(OutboxRow, f.name) for f in fields(OutboxItem)]


class OutboxRepository:
    """Items wait here until they are delivered or given up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, items: Sequence[OutboxItem]) -> None:
        """Append items."""
        if items:
            self._connection.execute(insert(OutboxRow), [told(item) for item in items])

    def claim(
        self, *, topic: str, now: datetime, lease_until: datetime, limit: int = 100
    ) -> tuple[OutboxItem, ...]:
        """What is due, oldest first, taken by this caller until the lease ends."""
        query = (
            select(*_ITEM)
            .where(OutboxRow.topic == topic, OutboxRow.next_attempt_at <= now)
            .order_by(OutboxRow.created_at, OutboxRow.outbox_id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = self._connection.execute(query).mappings()
        due = [OutboxItem(**row) for row in rows]
        if due:
            self._connection.execute(
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
        self._connection.execute(
            update(OutboxRow)
            .where(OutboxRow.outbox_id == outbox_id)
            .values(delivered_at=at, next_attempt_at=None, error=None)
        )

    def failed(
        self, outbox_id: str, *, error: str, next_attempt_at: datetime | None
    ) -> None:
        """It did not arrive; None as the next attempt: given up, a dead letter."""
        self._connection.execute(
            update(OutboxRow)
            .where(
                OutboxRow.outbox_id == outbox_id,
                OutboxRow.next_attempt_at.is_not(None),
            )
            .values(error=error, next_attempt_at=next_attempt_at)
        )

    def give_up(self, *, topic: str, error: str) -> int:
        """How many undelivered items of the topic will now never be sent."""
        done = self._connection.execute(
            update(OutboxRow)
            .where(OutboxRow.topic == topic, OutboxRow.next_attempt_at.is_not(None))
            .values(error=error, next_attempt_at=None)
        )
        return done.rowcount

    def next_due(self, topic: str) -> datetime | None:
        """When the next item of the topic is to be tried."""
        query = select(func.min(OutboxRow.next_attempt_at))
        return self._connection.scalar(query.where(OutboxRow.topic == topic))
