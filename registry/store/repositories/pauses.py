"""What of a trial is paused."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, insert, select

from registry.domain.pause import Pause, Place
from registry.store.repositories.bulk import told
from registry.store.repositories.reading import telling_unreadable
from registry.store.rows.trial import PauseRow


_PAUSE = [getattr(PauseRow, f.name) for f in fields(Pause)]


class PauseRepository:
    """Pauses, revision by revision."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def standing(self, trial: str, *, at: datetime | None = None) -> frozenset[Place]:
        """All of the trial that is paused now, or was at `at`."""
        said = self.revisions(trial)
        latest = {one.place: one for one in said if at is None or one.at <= at}
        return frozenset(place for place, pause in latest.items() if pause.paused)

    def revisions(self, trial: str | None) -> tuple[Pause, ...]:
        """All of the trial, or of every one; those of one place in order."""
        query = select(*_PAUSE).order_by(PauseRow.revision)
        if trial is not None:
            query = query.where(PauseRow.trial == trial)
        rows = self._connection.execute(query).mappings()
        return tuple(Pause(**row) for row in rows)

    def latest(self, trial: str, place: Place) -> Pause | None:
        """The last revision of one place."""
        query = select(*_PAUSE).where(
            PauseRow.trial == trial,
            PauseRow.site == place.site,
            PauseRow.domain == place.domain,
            PauseRow.arm == place.arm,
        )
        last = query.order_by(PauseRow.revision.desc()).limit(1)
        row = self._connection.execute(last).mappings().one_or_none()
        return None if row is None else Pause(**row)

    def add(self, pause: Pause) -> None:
        """Append a revision."""
        self._connection.execute(insert(PauseRow), told(pause))

    @telling_unreadable
    def one(self, pause_id: str) -> Pause | None:
        """One revision."""
        query = select(*_PAUSE).where(PauseRow.pause_id == pause_id)
        row = self._connection.execute(query).mappings().one_or_none()
        return None if row is None else Pause(**row)
