"""Revisions of onsets, screenings and outcomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Text, bindparam, func, insert, select

from registry.domain.stratum import stratum_key
from registry.store.repositories import screening_state
from registry.store.repositories.bulk import portions
from registry.store.rows.verdicts import OnsetRow, OutcomeRow, ScreeningRow
from registry.usecases.records import Stamp
from registry.usecases.stream_state import RecordedMessage
from streams.vocabulary.messages import (
    SEPSIS_ONSET,
    TRIAL_OUTCOME,
    TRIAL_SCREENING,
    Message,
    Provenance,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
    decode,
)


_LATEST = (
    select(ScreeningRow.document)
    .where(ScreeningRow.screening_id == bindparam("screening_id", type_=Text()))
    .order_by(ScreeningRow.revision.desc())
    .limit(1)
)
_STAMPED = frozenset({"recorded_at", "batch_id", "document"})


class OnsetRepository:
    """Revisions of sepsis flags."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, rows: Sequence[tuple[SepsisOnset, RecordedMessage]], stamp: Stamp
    ) -> None:
        """Append revisions."""
        if rows:
            self._connection.execute(
                insert(OnsetRow), [onset_row(m) | _stamped(r, stamp) for m, r in rows]
            )

    def latest_of(self, *, site: str, patient: str) -> tuple[SepsisOnset, ...]:
        """The latest revision of each of the patient's flags."""
        row = OnsetRow
        query = (
            select(row.document)
            .where(row.site == site, row.patient == patient)
            .order_by(row.flag_id, row.revision)
        )
        told = (
            decode(SEPSIS_ONSET, d.encode()) for d in self._connection.scalars(query)
        )
        return tuple({flag.flag_id: flag for flag in told}.values())


class ScreeningRepository:
    """Revisions of screening verdicts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, rows: Sequence[tuple[TrialScreening, RecordedMessage]], stamp: Stamp
    ) -> None:
        """Append revisions."""
        if rows:
            told = [screening_row(m) | _stamped(r, stamp) for m, r in rows]
            self._connection.execute(insert(ScreeningRow), told)
            screening_state.follow(self._connection, [m for m, _ in rows], stamp)

    def misstated(self, *, site: str, trial: str) -> int:
        """How many screenings do not stand where their revisions put them."""
        return screening_state.misstated(self._connection, site=site, trial=trial)

    def latest(self, screening_id: str) -> TrialScreening | None:
        """The highest revision."""
        document = self._connection.scalar(_LATEST, {"screening_id": screening_id})
        return None if document is None else decode(TRIAL_SCREENING, document.encode())

    def latest_of(self, *, site: str, patient: str) -> tuple[TrialScreening, ...]:
        """The latest revision of each of the patient's screenings."""
        row = ScreeningRow
        query = (
            select(row.document)
            .where(row.site == site, row.patient == patient)
            .order_by(row.screening_id, row.revision)
        )
        said = (
            decode(TRIAL_SCREENING, d.encode()) for d in self._connection.scalars(query)
        )
        return tuple({one.screening_id: one for one in said}.values())

    def latest_revisions(self, screening_ids: Collection[str]) -> dict[str, int]:
        """The highest revision number of each screening that has one."""
        found: dict[str, int] = {}
        for portion in portions(screening_ids):
            query = (
                select(ScreeningRow.screening_id, func.max(ScreeningRow.revision))
                .where(ScreeningRow.screening_id.in_(portion))
                .group_by(ScreeningRow.screening_id)
            )
            found.update((i, n) for i, n in self._connection.execute(query).all())
        return found

    def provenance_of(self, *, site: str, patient: str) -> Provenance | None:
        """Of what was last said of the patient; None where nothing was."""
        query = (
            select(ScreeningRow.provenance)
            .where(ScreeningRow.site == site, ScreeningRow.patient == patient)
            .order_by(ScreeningRow.known_at.desc())
            .limit(1)
        )
        found: Any = self._connection.scalar(query)
        return None if found is None else found


class OutcomeRepository:
    """Revisions of outcomes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, rows: Sequence[tuple[TrialOutcome, RecordedMessage]], stamp: Stamp
    ) -> None:
        """Append revisions."""
        if rows:
            self._connection.execute(
                insert(OutcomeRow),
                [outcome_row(m) | _stamped(r, stamp) for m, r in rows],
            )

    def latest(self, outcome_id: str) -> TrialOutcome | None:
        """The highest revision."""
        query = (
            select(OutcomeRow.document)
            .where(OutcomeRow.outcome_id == outcome_id)
            .order_by(OutcomeRow.revision.desc())
            .limit(1)
        )
        document = self._connection.scalar(query)
        return None if document is None else decode(TRIAL_OUTCOME, document.encode())


def onset_row(message: SepsisOnset) -> dict[str, Any]:
    """What the columns say of an onset."""
    return _told(message, _ONSET_COLUMNS)


def screening_row(message: TrialScreening) -> dict[str, Any]:
    """What the columns say of a screening."""
    told = _told(message, _SCREENING_COLUMNS)
    told["stratum"] = stratum_key(message.stratum)
    return told


def outcome_row(message: TrialOutcome) -> dict[str, Any]:
    """What the columns say of an outcome."""
    return _told(message, _OUTCOME_COLUMNS)


def _columns(row: type[OnsetRow | ScreeningRow | OutcomeRow]) -> tuple[str, ...]:
    return tuple(c.key for c in row.__table__.columns if c.key not in _STAMPED)


_ONSET_COLUMNS = _columns(OnsetRow)
_SCREENING_COLUMNS = _columns(ScreeningRow)
_OUTCOME_COLUMNS = _columns(OutcomeRow)


def _told(message: Message, columns: tuple[str, ...]) -> dict[str, Any]:
    """Columns carry the names of the message's fields."""
    return {name: getattr(message, name) for name in columns}


def _stamped(record: RecordedMessage, stamp: Stamp) -> dict[str, Any]:
    return {
        "recorded_at": stamp.recorded_at,
        "batch_id": stamp.batch_id,
        "document": record.document,
    }
