"""Alerts and their history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, func, insert, select

from registry.domain.alert import UNCLOSED, Alert, AlertStatus, AlertStep, Move
from registry.store.repositories.bulk import insert_into, portions, told
from registry.store.rows.alerts import AlertEventRow, AlertRow


_ALERT = [getattr(AlertRow, f.name) for f in fields(Alert)]
_IDENTITY = ("alert_id", "screening_id", "site", "patient", "trial", "domain")
_FIXED = frozenset({*_IDENTITY, "episode", "raised_at"})


class AlertRepository:
    """One unclosed alert for a patient, domain and episode."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unclosed(self, screening_ids: Collection[str]) -> dict[str, Alert]:
        """Alerts open or suppressed, by screening id."""
        found: dict[str, Alert] = {}
        for portion in portions(screening_ids):
            query = select(*_ALERT).where(
                AlertRow.screening_id.in_(portion), AlertRow.status.in_(UNCLOSED)
            )
            for row in self._connection.execute(query).mappings().all():
                found[row["screening_id"]] = Alert(**row)
        return found

    def unclosed_of(self, *, site: str, patient: str, trial: str) -> tuple[Alert, ...]:
        """Alerts open or suppressed of one patient in one trial."""
        query = select(*_ALERT).where(
            AlertRow.site == site,
            AlertRow.patient == patient,
            AlertRow.trial == trial,
            AlertRow.status.in_(UNCLOSED),
        )
        rows = self._connection.execute(query.order_by(AlertRow.alert_id)).mappings()
        return tuple(Alert(**row) for row in rows)

    def acted(self, screening_ids: Collection[str]) -> set[str]:
        """The screenings whose alert the team has acted on."""
        found: set[str] = set()
        for portion in portions(screening_ids):
            query = select(AlertRow.screening_id).where(
                AlertRow.screening_id.in_(portion),
                AlertRow.status == AlertStatus.ACTED,
            )
            found.update(self._connection.scalars(query).all())
        return found

    def save(self, moves: Sequence[tuple[Alert, Move]]) -> None:
        """The alerts as they stand after their moves, in the order of the moves."""
        if not moves:
            return
        last = {alert.alert_id: alert for alert, _ in moves}
        # Closed ones first: of one identity only one may be unclosed at any moment.
        self._upsert([a for a in last.values() if a.status not in UNCLOSED])
        self._upsert([a for a in last.values() if a.status in UNCLOSED])
        self._append([(a, m) for a, m in moves if m.step is not AlertStep.FOLLOWED])

    def _upsert(self, alerts: Sequence[Alert]) -> None:
        if not alerts:
            return
        statement = insert_into(self._connection, AlertRow)
        changing = {f.name for f in fields(Alert)} - _FIXED
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["alert_id"],
                set_={name: statement.excluded[name] for name in sorted(changing)},
            ),
            [told(alert) for alert in alerts],
        )

    def _append(self, moves: Sequence[tuple[Alert, Move]]) -> None:
        if not moves:
            return
        numbers = self._last_numbers({alert.alert_id for alert, _ in moves})
        rows = []
        for alert, move in moves:
            numbers[alert.alert_id] = numbers.get(alert.alert_id, 0) + 1
            rows.append(_event(alert, move, numbers[alert.alert_id]))
        self._connection.execute(insert(AlertEventRow), rows)

    def _last_numbers(self, alert_ids: Collection[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for portion in portions(alert_ids):
            query = (
                select(AlertEventRow.alert_id, func.max(AlertEventRow.number))
                .where(AlertEventRow.alert_id.in_(portion))
                .group_by(AlertEventRow.alert_id)
            )
            found.update((i, n) for i, n in self._connection.execute(query))
        return found


def _event(alert: Alert, move: Move, number: int) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "number": number,
        "step": move.step,
        "revision": alert.revision,
        "suppressed": move.suppressed,
        "told": move.tells,
        "at": alert.changed_at,
    }
