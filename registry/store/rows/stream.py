"""What the stream keeps: inbox, cursor, patients' state, archive, feeds, runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.feed import FeedKind
from registry.store.columns import by_value, one_of
from registry.store.rows.base import Row, comment, said
from streams.vocabulary.messages import Provenance


MERGES = "kind IN ('patient_merge', 'patient_unmerge')"
"""The few events that are looked for by their kind."""


class InboxRow(Row):
    """`inbox`."""

    __tablename__ = "inbox"
    __table_args__ = (comment("Messages that were recorded; each has effect once."),)

    message_id: Mapped[str] = said("Identity of the message.", key=True)
    topic: Mapped[str] = said("Topic it came by.")
    received_at: Mapped[datetime] = said("When it was recorded, UTC.")
    digest: Mapped[str | None] = said(
        "SHA-256 of the content; null before version 0002."
    )


class CursorRow(Row):
    """`stream_cursor`."""

    __tablename__ = "stream_cursor"
    __table_args__ = (comment("How far each source was read."),)

    source: Mapped[str] = said("Source.", key=True)
    position: Mapped[str] = said("Position, in the source's own terms.")
    fingerprint: Mapped[str] = said("Fingerprint of the source's content.")


class StateRow(Row):
    """`patient_state`."""

    __tablename__ = "patient_state"
    __table_args__ = (comment("What the pipeline holds of each patient, in chunks."),)

    site: Mapped[str] = said("Site.", key=True)
    patient: Mapped[str] = said("Pseudonym of the patient.", key=True)
    chunk: Mapped[str] = said("Which part: a day, the head record.", key=True)
    payload: Mapped[bytes] = mapped_column(
        LargeBinary, comment="The part, as the pipeline wrote it."
    )


class ClinicalEventRow(Row):
    """`clinical_event`."""

    __tablename__ = "clinical_event"
    __table_args__ = (
        Index(None, "site", "patient", "known_at"),
        Index(
            None,
            "site",
            "patient",
            postgresql_where=text(MERGES),
            sqlite_where=text(MERGES),
        ),
        comment("Archive of canonical events, for explain and re-derivation."),
    )

    site: Mapped[str] = said("Site.", key=True)
    patient: Mapped[str] = said("Pseudonym of the patient.", key=True)
    event_id: Mapped[str] = said("Identity of the fact.", key=True)
    version: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer(), "sqlite"),
        primary_key=True,
        comment="The source's version of the fact.",
    )
    message_id: Mapped[str] = said("Message that delivered it.", key=True)
    provenance: Mapped[Provenance] = mapped_column(
        one_of(Provenance, "provenance"), comment="Where the fact is from."
    )
    kind: Mapped[str] = said("Kind of event.")
    happened_at: Mapped[datetime] = said("Clinical time, UTC.")
    known_at: Mapped[datetime] = said("When it could have been acted on, UTC.")
    payload: Mapped[str] = said("The event as JSON.")


class FeedRow(Row):
    """`feed`."""

    __tablename__ = "feed"
    __table_args__ = (comment("When each source, concept and ward was last heard of."),)

    site: Mapped[str] = said("Site.", key=True)
    kind: Mapped[FeedKind] = mapped_column(
        by_value(FeedKind, "kind"),
        primary_key=True,
        comment="Of what it is a feed: a source, a concept, a ward.",
    )
    name: Mapped[str] = said("Which source, concept or ward.", key=True)
    provenance: Mapped[Provenance] = mapped_column(
        one_of(Provenance, "provenance"), comment="Where what came last is from."
    )
    events: Mapped[int] = mapped_column(BigInteger, comment="Events that came.")
    happened_at: Mapped[datetime] = said("Latest clinical time of an event, UTC.")
    heard_at: Mapped[datetime] = said("When it was last heard of, UTC.")
    received_at: Mapped[datetime] = said("When its last event was archived, UTC.")
    period_began: Mapped[datetime] = said("Start of the period of longest_gap, UTC.")
    longest_gap: Mapped[float] = said("Longest pause of this period, seconds.")
    longest_gap_before: Mapped[float] = said(
        "Longest pause of the period before, seconds."
    )


class RunRow(Row):
    """`replay_run`."""

    __tablename__ = "replay_run"
    __table_args__ = (comment("Log of replay runs."),)

    run_id: Mapped[str] = said("Identity.", key=True)
    source: Mapped[str] = said("Source.")
    started_at: Mapped[datetime] = said("Start, UTC.")
    finished_at: Mapped[datetime] = said("End, UTC.")
    from_position: Mapped[str] = said("Position it went on from.")
    to_position: Mapped[str] = said("Position it came to.")
    messages: Mapped[int] = said("Messages recorded.")
    duplicates: Mapped[int] = said("Messages seen before.")
    rejected: Mapped[int] = said("Rows of the source that were rejected.")
    outcome: Mapped[str] = said("How it ended.")
