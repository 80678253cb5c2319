"""What of that which steers draws is in the audit, read once a registry."""

from __future__ import annotations

import json
from dataclasses import fields

from sqlalchemy import Connection, func, select

from registry.domain.audit import AuditAction, UnreadableRecordError, record_digest
from registry.domain.published import Designs, published_designs
from registry.store.repositories.audit import AuditRepository
from registry.store.repositories.pauses import PauseRepository
from registry.store.repositories.trial import Shelf
from registry.store.repositories.vectors import VectorRepository
from registry.store.rows.trial import ProtocolRow
from registry.usecases.records import ProtocolVersion


_VERSION = [getattr(ProtocolRow, f.name) for f in fields(ProtocolVersion)]


class PublishedRepository:
    """Holds what is drawn by against the audit, where nothing can be unsaid.

    Not for a transaction that publishes: what it remembers must be committed.
    """

    def __init__(self, connection: Connection, shelf: Shelf | None = None) -> None:
        self._connection = connection
        self._shelf = Shelf() if shelf is None else shelf
        self._audit = AuditRepository(connection)

    def designs(self, trial: str, *, versions: int) -> Designs | None:
        """How the trial's domains stand by its audit; None where it tells otherwise."""
        number, kept = self._shelf.designs.get(trial, (None, None))
        if number == versions:
            return kept
        found = self._read(trial)
        count = select(func.count()).select_from(ProtocolRow)
        if found is not None and self._connection.scalar(count) == versions:
            self._shelf.designs[trial] = versions, found
        return found

    def has_vector(self, vector_id: str) -> bool:
        """Whether the vector is as the audit has it."""
        if vector_id in self._shelf.vectors:
            return True
        try:
            vector = VectorRepository(self._connection).one(vector_id)
        except UnreadableRecordError:
            return False
        holds = vector is not None and self._tells(
            AuditAction.VECTOR_PUBLISHED, vector_id, vector
        )
        if holds:
            self._shelf.vectors.add(vector_id)
        return holds

    def has_pauses(self, trial: str, *, count: int) -> bool:
        """Whether all its pauses, so many by now, are as the audit has them."""
        if self._shelf.pauses.get(trial, 0) >= count:
            return True
        pauses = PauseRepository(self._connection).revisions(trial)
        holds = all(
            self._tells(
                AuditAction.PAUSED if one.paused else AuditAction.RESUMED,
                one.pause_id,
                one,
            )
            for one in pauses
        )
        if holds:
            self._shelf.pauses[trial] = len(pauses)
        return holds

    def _read(self, trial: str) -> Designs | None:
        query = select(*_VERSION).where(ProtocolRow.trial == trial)
        rows = self._connection.execute(query.order_by(ProtocolRow.revision)).mappings()
        versions = [record_digest(ProtocolVersion(**row)) for row in rows]
        return published_designs(self._audit.rows(site="", trial=trial), versions)

    def _tells(self, act: AuditAction, subject: str, record: object) -> bool:
        """Whether the audit tells the act once, and of a record of this digest."""
        try:
            rows = self._audit.of_subject(subject, (act.value,))
            told = [json.loads(row.detail)["record"] for row in rows]
        except (UnreadableRecordError, LookupError, TypeError, ValueError):
            return False
        return told == [record_digest(record)]
