"""What people say of outcomes, and deviations."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from registry.domain.conduct import Deviation, JudgedOutcome
from registry.domain.redaction import TOMBSTONE
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.conduct import DeviationRow, JudgedOutcomeRow


class JudgedOutcomeRepository:
    """What humans say of outcomes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @telling_unreadable
    def latest(self, outcome_id: str) -> JudgedOutcome | None:
        """What stands, or was taken back last."""
        query = (
            select(*_columns(JudgedOutcomeRow, JudgedOutcome))
            .where(JudgedOutcomeRow.outcome_id == outcome_id)
            .order_by(JudgedOutcomeRow.number.desc())
            .limit(1)
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else JudgedOutcome(**row)

    @telling_unreadable
    def one(self, judgement_id: str) -> JudgedOutcome | None:
        """One of them."""
        query = select(*_columns(JudgedOutcomeRow, JudgedOutcome)).where(
            JudgedOutcomeRow.judgement_id == judgement_id
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else JudgedOutcome(**row)

    def add(self, judged: JudgedOutcome) -> None:
        """Append it."""
        self._connection.execute(insert(JudgedOutcomeRow), told(judged))


class DeviationRepository:
    """Departures from the protocol."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def last_number(self, participant: str) -> int:
        """0 before the first."""
        query = select(func.max(DeviationRow.number)).where(
            DeviationRow.participant == participant
        )
        return self._connection.scalar(query) or 0

    @telling_unreadable
    def one(self, deviation_id: str) -> Deviation | None:
        """One of them."""
        query = select(*_columns(DeviationRow, Deviation)).where(
            DeviationRow.deviation_id == deviation_id
        )
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Deviation(**row)

    def redact(self, deviation_id: str) -> None:
        """Put the tombstone in place of the description; its redaction is there."""
        mine = DeviationRow.deviation_id == deviation_id
        statement = update(DeviationRow).where(mine).values(description=TOMBSTONE)
        self._connection.execute(statement)

    def add(self, deviation: Deviation) -> None:
        """Append it."""
        self._connection.execute(insert(DeviationRow), told(deviation))


def _columns(row: type[Any], record: type[Any]) -> list[Any]:
    return [getattr(row, name) for name in record.__slots__]
