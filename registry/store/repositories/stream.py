"""Inbox, cursor, patients' state, archive and runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    TextClause,
    bindparam,
    delete,
    insert,
    select,
    text,
    tuple_,
)

from registry.store.repositories.bulk import insert_into, portions, told
from registry.store.rows.stream import (
    MERGES,
    ClinicalEventRow,
    CursorRow,
    InboxRow,
    RunRow,
    StateRow,
)
from registry.usecases.records import Run
from registry.usecases.stream_state import (
    ArchivedEvent,
    ChunkKey,
    Cursor,
    Seen,
    StateChunk,
)
from streams.vocabulary.events import Event, Location


_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
_LOCATION: TypeAdapter[Location] = TypeAdapter(Location)


class StreamRepository:
    """The registry's side of the stream."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seen(self, message_ids: Collection[str]) -> dict[str, str | None]:
        """The messages that were recorded before, with their digests.

        None for a digest that was not kept yet.
        """
        found: dict[str, str | None] = {}
        for portion in portions(message_ids):
            query = select(InboxRow.message_id, InboxRow.digest)
            rows = self._connection.execute(
                query.where(InboxRow.message_id.in_(portion))
            )
            found.update((message_id, digest) for message_id, digest in rows)
        return found

    def mark_seen(self, messages: Iterable[Seen], received_at: datetime) -> None:
        """Note them; raises where another worker was faster.

        In one order everywhere, so that two who note the same never wait in a ring.
        """
        rows = [
            told(message) | {"received_at": received_at}
            for message in sorted(messages, key=lambda m: m.message_id)
        ]
        if rows:
            self._connection.execute(insert(InboxRow), rows)

    def cursor(self, source: str) -> Cursor | None:
        """How far the source was read."""
        query = select(
            CursorRow.source, CursorRow.position, CursorRow.fingerprint
        ).where(CursorRow.source == source)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else Cursor(*row)

    def save_cursor(self, cursor: Cursor) -> None:
        """Set the cursor; nothing is written where it stands there already."""
        statement = insert_into(self._connection, CursorRow).values(told(cursor))
        new = statement.excluded
        differs = (CursorRow.position != new.position) | (
            CursorRow.fingerprint != new.fingerprint
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["source"],
                set_={"position": new.position, "fingerprint": new.fingerprint},
                where=differs,
            )
        )

    def chunks(self, site: str, patient: str) -> tuple[StateChunk, ...]:
        """All parts of one patient's state."""
        query = select(
            StateRow.site, StateRow.patient, StateRow.chunk, StateRow.payload
        ).where(StateRow.site == site, StateRow.patient == patient)
        rows = self._connection.execute(query.order_by(StateRow.chunk))
        return tuple(StateChunk(*row) for row in rows)

    def patients(self) -> tuple[tuple[str, str], ...]:
        """Site and pseudonym of all patients with a state."""
        query = select(StateRow.site, StateRow.patient).distinct()
        rows = self._connection.execute(query.order_by(StateRow.site, StateRow.patient))
        return tuple((site, patient) for site, patient in rows)

    def save_chunks(self, chunks: Sequence[StateChunk]) -> None:
        """Write the parts that differ from what is stored."""
        if not chunks:
            return
        statement = insert_into(self._connection, StateRow)
        new = statement.excluded
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["site", "patient", "chunk"],
                set_={"payload": new.payload},
                where=StateRow.payload != new.payload,
            ),
            [_chunk_row(c) for c in _last_of_each(chunks)],
        )

    def drop_chunks(self, keys: Sequence[ChunkKey]) -> None:
        """Remove parts the pipeline no longer keeps."""
        if not keys:
            return
        statement = delete(StateRow).where(
            StateRow.site == bindparam("of_site"),
            StateRow.patient == bindparam("of_patient"),
            StateRow.chunk == bindparam("of_chunk"),
        )
        rows = [
            {"of_site": k.site, "of_patient": k.patient, "of_chunk": k.chunk}
            for k in keys
        ]
        self._connection.execute(statement, rows)

    def archive(self, events: Sequence[ArchivedEvent]) -> None:
        """Keep the events; one already there is left as it is."""
        if not events:
            return
        statement = insert_into(self._connection, ClinicalEventRow)
        self._connection.execute(
            statement.on_conflict_do_nothing(), [_event_row(e) for e in events]
        )

    def archived(self, site: str, patient: str) -> tuple[ArchivedEvent, ...]:
        """One patient's events in the order in which they became known."""
        row = ClinicalEventRow
        query = (
            select(row.message_id, row.provenance, row.payload)
            .where(row.site == site, row.patient == patient)
            .order_by(row.known_at, row.happened_at, row.event_id, row.version)
        )
        return tuple(
            ArchivedEvent(
                site=site,
                patient=patient,
                message_id=message_id,
                provenance=provenance,
                event=_EVENT.validate_json(payload),
            )
            for message_id, provenance, payload in self._connection.execute(query)
        )

    def merges(
        self, site: str, patients: Collection[str] | None = None
    ) -> tuple[ArchivedEvent, ...]:
        """The merges and unmerges in the logs of these patients; None: of everybody.

        With them come the cancellations in the same logs.
        """
        row = ClinicalEventRow
        of_merges = text(MERGES)
        told = self._statements(site, of_merges, patients)
        logs = {one.patient for one in told}
        return told + self._statements(site, row.kind == "cancellation", logs)

    def _statements(
        self,
        site: str,
        which: ColumnElement[bool] | TextClause,
        patients: Collection[str] | None,
    ) -> tuple[ArchivedEvent, ...]:
        row = ClinicalEventRow
        query = (
            select(row.patient, row.message_id, row.provenance, row.payload)
            .where(row.site == site, which)
            .order_by(row.event_id, row.version, row.patient)
        )
        queries = [query]
        if patients is not None:
            queries = [query.where(row.patient.in_(p)) for p in portions(patients)]
        return tuple(
            ArchivedEvent(
                site, patient, message_id, provenance, _EVENT.validate_json(payload)
            )
            for one in queries
            for patient, message_id, provenance, payload in self._connection.execute(
                one
            )
        )

    def last_location(
        self, patients: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], Location]:
        """The latest of each of these patients (site, patient) that is archived."""
        row = ClinicalEventRow
        found: dict[tuple[str, str], Location] = {}
        for portion in portions(patients):
            query = (
                select(row.site, row.patient, row.payload)
                .where(
                    tuple_(row.site, row.patient).in_(portion),
                    row.kind == "location",
                )
                .order_by(row.happened_at, row.known_at)
            )
            for site, patient, payload in self._connection.execute(query):
                found[site, patient] = _LOCATION.validate_json(payload)
        return found

    def add_run(self, run: Run) -> None:
        """Log one run of a replay."""
        self._connection.execute(insert(RunRow), told(run))


def _last_of_each(chunks: Sequence[StateChunk]) -> Iterable[StateChunk]:
    """One statement may not touch a row twice; sorted, so that writers never ring."""
    by_key = {(c.site, c.patient, c.chunk): c for c in chunks}
    return (by_key[key] for key in sorted(by_key))


def _chunk_row(chunk: StateChunk) -> dict[str, Any]:
    return {
        "site": chunk.site,
        "patient": chunk.patient,
        "chunk": chunk.chunk,
        "payload": chunk.payload,
    }


def _event_row(archived: ArchivedEvent) -> dict[str, Any]:
    event = archived.event
    return {
        "site": archived.site,
        "patient": archived.patient,
        "event_id": event.event_id,
        "version": event.version,
        "message_id": archived.message_id,
        "provenance": archived.provenance,
        "kind": event.kind,
        "happened_at": event.happened_at,
        "known_at": event.known_at,
        "payload": _EVENT.dump_json(event, exclude_none=True).decode(),
    }
