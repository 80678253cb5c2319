"""Alerts and their history."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from sqlalchemy import Connection, Text, bindparam, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from registry.domain.alert import UNCLOSED, Alert, AlertStatus, AlertStep, Move
from registry.store.repositories import alert_state
from registry.store.repositories.bulk import in_parts, portions, told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.alerts import UNCLOSED as UNCLOSED_ROWS
from registry.store.rows.alerts import AlertEventRow, AlertRow
from registry.usecases.records import AlertRecord


_ALERT = [getattr(AlertRow, f.name) for f in fields(Alert)]
_IDENTITY = ("alert_id", "screening_id", "site", "patient", "trial", "domain")
_FIXED = frozenset({*_IDENTITY, "episode", "raised_at"})


_WHOSE = ("screening_id", "site", "patient", "trial", "domain", "episode", "raised_at")
_STEP = (
    "alert_id",
    "number",
    "step",
    "revision",
    "suppressed",
    "told",
    "at",
    "held_back",
)
_RECORD = [
    *(getattr(AlertRow, name) for name in _WHOSE),
    *(getattr(AlertEventRow, name) for name in _STEP),
]


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

    def unclosed_of(
        self, *, site: str, patients: Collection[str], trial: str | None = None
    ) -> tuple[Alert, ...]:
        """Alerts open or suppressed of one person, by all names, in one trial or all."""
        query = _OF_PERSON if trial is None else _OF_PERSON_IN_TRIAL
        found: list[Alert] = []
        for portion in portions(patients):
            asked = {"site": site, "patients": portion, "trial": trial}
            rows = self._connection.execute(query, asked).mappings()
            found += (Alert(**row) for row in rows)
        return tuple(found)

    def unclosed_in(
        self, *, trial: str, site: str | None = None, domain: str | None = None
    ) -> frozenset[tuple[str, str]]:
        """Site and patient of each that a part of a trial, or all of it, has."""
        query = select(AlertRow.site, AlertRow.patient).where(
            AlertRow.trial == trial, AlertRow.status.in_(UNCLOSED)
        )
        if site is not None:
            query = query.where(AlertRow.site == site)
        if domain is not None:
            query = query.where(AlertRow.domain == domain)
        found = self._connection.execute(query.distinct())
        return frozenset((one, patient) for one, patient in found)

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

    def save(
        self, moves: Sequence[tuple[Alert, Move]], *, act: str
    ) -> tuple[AlertRecord, ...]:
        """The alerts as they stand after their moves, in the order of the moves.

        Gives the steps that are kept: all but those that only follow.
        """
        if not moves:
            return ()
        if self._connection.dialect.name == "postgresql" and len(moves) == 1:
            ((alert, move),) = moves
            if move.step is not AlertStep.FOLLOWED:
                return (self._save_one(alert, move, act),)
        last = {alert.alert_id: alert for alert, _ in moves}
        # Closed ones first: of one identity only one may be unclosed at any moment.
        self._upsert([a for a in last.values() if a.status not in UNCLOSED])
        self._upsert([a for a in last.values() if a.status in UNCLOSED])
        kept = [(a, m) for a, m in moves if m.step is not AlertStep.FOLLOWED]
        return self._append(kept, act)

    @telling_unreadable
    def steps_of(self, act: str, *, site: str, trial: str) -> tuple[AlertRecord, ...]:
        """What an act did to the alerts of one chain, as it is kept now."""
        query = (
            select(*_RECORD)
            .join(AlertRow, AlertRow.alert_id == AlertEventRow.alert_id)
            .where(
                AlertEventRow.act == act,
                AlertRow.site == site,
                AlertRow.trial == trial,
            )
        )
        rows = self._connection.execute(query).mappings()
        return tuple(AlertRecord(**row) for row in rows)

    def misstated(self, *, site: str, trial: str) -> int:
        """How many alerts do not stand where their steps put them."""
        return alert_state.misstated(self._connection, site=site, trial=trial)

    def _save_one(self, alert: Alert, move: Move, act: str) -> AlertRecord:
        """In one statement, as most acts move one alert."""
        event = _event(_record(alert, move, 0), act)
        given = told(alert) | {f"step_{name}": value for name, value in event.items()}
        return _record(
            alert, move, self._connection.execute(_move_one(), given).scalar_one()
        )

    def _upsert(self, alerts: Sequence[Alert]) -> None:
        if alerts:
            statement = _put(self._connection.dialect.name)
            self._connection.execute(statement, [told(alert) for alert in alerts])

    def _append(
        self, moves: Sequence[tuple[Alert, Move]], act: str
    ) -> tuple[AlertRecord, ...]:
        if not moves:
            return ()
        numbers = self._last_numbers({alert.alert_id for alert, _ in moves})
        records = []
        for alert, move in moves:
            numbers[alert.alert_id] = numbers.get(alert.alert_id, 0) + 1
            records.append(_record(alert, move, numbers[alert.alert_id]))
        rows = [_event(record, act) for record in records]
        self._connection.execute(insert(AlertEventRow), rows)
        return tuple(records)

    def _last_numbers(self, alert_ids: Collection[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for portion in portions(alert_ids):
            rows = self._connection.execute(_LAST_NUMBERS, {"alert_ids": portion})
            found.update((i, n) for i, n in rows)
        return found


_OF_PERSON = (
    select(*_ALERT)
    .where(
        AlertRow.site == bindparam("site", type_=Text()),
        AlertRow.patient.in_(bindparam("patients", expanding=True)),
        UNCLOSED_ROWS,
    )
    .order_by(AlertRow.alert_id)
)
_OF_PERSON_IN_TRIAL = _OF_PERSON.where(
    AlertRow.trial == bindparam("trial", type_=Text())
)
_LAST_NUMBERS = (
    select(AlertEventRow.alert_id, func.max(AlertEventRow.number))
    .where(AlertEventRow.alert_id.in_(bindparam("alert_ids", expanding=True)))
    .group_by(AlertEventRow.alert_id)
)


@cache
def _put(dialect: str) -> Any:  # noqa: ANN401  an INSERT of that database
    """An alert as it stands, whether or not it was there."""
    insert_of = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert_of(AlertRow)
    changing = {f.name for f in fields(Alert)} - _FIXED
    return statement.on_conflict_do_update(
        index_elements=["alert_id"],
        set_={name: statement.excluded[name] for name in sorted(changing)},
    )


@cache
def _move_one() -> Any:  # noqa: ANN401  an INSERT of PostgreSQL
    """An alert as it stands and its next step; gives the number of the step."""
    parts = in_parts("step", AlertEventRow.__table__)
    before = select(func.max(AlertEventRow.number)).where(
        AlertEventRow.alert_id == parts["alert_id"]
    )
    parts_told = parts | {"number": func.coalesce(before.scalar_subquery(), 0) + 1}
    columns = [c.key for c in AlertEventRow.__table__.columns]
    alert: dict[str, Any] = {f.name: bindparam(f.name) for f in fields(Alert)}
    return (
        insert(AlertEventRow)
        .from_select(columns, select(*(parts_told[name] for name in columns)))
        .returning(AlertEventRow.number)
        .add_cte(_put("postgresql").values(alert).cte("stands"))
    )


def _record(alert: Alert, move: Move, number: int) -> AlertRecord:
    whose = {name: getattr(alert, name) for name in _WHOSE}
    return AlertRecord(
        **whose,
        alert_id=alert.alert_id,
        number=number,
        step=move.step,
        revision=alert.revision,
        suppressed=move.suppressed,
        told=move.tells,
        at=alert.changed_at,
        held_back=move.held_back,
    )


def _event(record: AlertRecord, act: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _STEP} | {"act": act}
