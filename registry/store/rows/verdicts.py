"""Revisions of onsets, screenings and outcomes; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.columns import one_of
from registry.store.rows.base import Row, comment, said
from streams.vocabulary.messages import (
    FlagStatus,
    OutcomeStatus,
    Provenance,
    ScreeningStatus,
)


class _Revision:
    """What a revision of any kind says of itself."""

    message_id: Mapped[str] = said("Identity of the revision's message.", key=True)
    revision: Mapped[int] = said("Number of the revision; the highest is the latest.")
    site: Mapped[str] = said("Site the patient is at.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    episode: Mapped[str] = said("Hospital stay; `none` where the source names none.")
    happened_at: Mapped[datetime] = said("Clinical time, UTC.")
    known_at: Mapped[datetime] = said("When it could have been acted on, UTC.")
    provenance: Mapped[str] = mapped_column(
        one_of(Provenance, "provenance"),
        comment="Where the facts are from: live, history or simulated.",
    )
    source: Mapped[str] = said("Which part of the stream said so.")
    recorded_at: Mapped[datetime] = said("When the registry wrote the row, UTC.")
    batch_id: Mapped[str] = said(
        "Batch that wrote the row; its audit row has a digest."
    )
    document: Mapped[str] = said("The whole message as JSON, as hashed for the audit.")


class OnsetRow(_Revision, Row):
    """`onset_revision`."""

    __tablename__ = "onset_revision"
    __table_args__ = (
        UniqueConstraint("flag_id", "revision"),
        Index(None, "site", "patient"),
        Index(None, "batch_id"),
        comment("Revisions of sepsis flags."),
    )

    flag_id: Mapped[str] = said("Identity of the flag.")
    status: Mapped[str] = mapped_column(
        one_of(FlagStatus, "status"), comment="What the flag is by this revision."
    )
    definition: Mapped[str] = said("Definition of sepsis it was flagged by.")
    definition_version: Mapped[str] = said("Version of that definition.")
    policy: Mapped[str] = said("Policy that settles the definition's ambiguities.")
    stay: Mapped[str | None] = said("Stay in one unit, where the source says so.")
    suspicion_at: Mapped[datetime | None] = said("Suspected infection, UTC.")
    dysfunction_at: Mapped[datetime | None] = said("Organ dysfunction, UTC.")
    antimicrobial_at: Mapped[datetime | None] = said("First antimicrobial, UTC.")
    culture_at: Mapped[datetime | None] = said("Culture, UTC.")
    score: Mapped[int | None] = said("Score at onset.")
    score_lower: Mapped[int | None] = said("Least the score can be.")
    score_upper: Mapped[int | None] = said("Most the score can be.")
    baseline: Mapped[int | None] = said("Score it is compared with.")


class ScreeningRow(_Revision, Row):
    """`screening_revision`."""

    __tablename__ = "screening_revision"
    __table_args__ = (
        UniqueConstraint("screening_id", "revision"),
        Index(None, "site", "patient"),
        Index(None, "trial", "domain", "status"),
        Index(None, "batch_id"),
        comment("Revisions of screening verdicts; the criteria are in the document."),
    )

    screening_id: Mapped[str] = said("Identity of the screening.")
    status: Mapped[str] = mapped_column(
        one_of(ScreeningStatus, "status"), comment="The verdict."
    )
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain of the trial.")
    protocol_version: Mapped[str] = said("Version of the protocol judged by.")
    protocol_hash: Mapped[str] = said("Content hash of that protocol.")
    software_version: Mapped[str] = said("Version of Ember that judged.")
    definition_version: Mapped[str] = said("Version of the sepsis definition.")
    flag_id: Mapped[str | None] = said("Sepsis flag it rests on.")
    anchor: Mapped[str] = said("Anchor of the window with its clock.")
    anchor_at: Mapped[datetime] = said("Moment of the anchor, UTC.")
    deadline: Mapped[datetime] = said("End of the recruitment window, UTC.")
    valid_until: Mapped[datetime | None] = said("When time alone may change it, UTC.")
    window_open: Mapped[bool] = said("Whether the window was open at `known_at`.")
    stratum: Mapped[str] = said("Stratum, `factor=level` in order.")


class ScreeningStateRow(Row):
    """`screening_state`."""

    __tablename__ = "screening_state"
    __table_args__ = (
        Index(None, "site", "patient"),
        Index(
            "ix_screening_state_flow",
            "trial",
            "domain",
            "status",
            "ever_needs_data",
            "ever_needs_human",
            "ever_eligible",
        ),
        Index(
            "ix_screening_state_open",
            "deadline",
            postgresql_where=text("window_open"),
            sqlite_where=text("window_open"),
        ),
        comment("Where each screening stands: what its revisions come to."),
    )

    screening_id: Mapped[str] = said("Identity of the screening.", key=True)
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain of the trial.")
    site: Mapped[str] = said("Site the patient is at.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    revision: Mapped[int] = said("Its latest revision.")
    status: Mapped[str] = mapped_column(
        one_of(ScreeningStatus, "status"), comment="The verdict of that revision."
    )
    window_open: Mapped[bool] = said("Whether the window was open then.")
    deadline: Mapped[datetime] = said("End of the window by that revision, UTC.")
    open_revision: Mapped[int | None] = said("The latest with the window open.")
    open_status: Mapped[str | None] = mapped_column(
        one_of(ScreeningStatus, "open_status"), comment="The verdict of that one."
    )
    ever_needs_data: Mapped[bool] = said("Whether any with the window open said so.")
    ever_needs_human: Mapped[bool] = said("Whether any with the window open said so.")
    ever_eligible: Mapped[bool] = said("Whether any with the window open said so.")
    first_recorded_at: Mapped[datetime] = said("When the first was recorded, UTC.")
    last_recorded_at: Mapped[datetime] = said("When the last was recorded, UTC.")


class OutcomeRow(_Revision, Row):
    """`outcome_revision`."""

    __tablename__ = "outcome_revision"
    __table_args__ = (
        UniqueConstraint("outcome_id", "revision"),
        Index(None, "site", "patient"),
        Index(None, "batch_id"),
        comment("Revisions of outcomes derived from the events."),
    )

    outcome_id: Mapped[str] = said("Identity of the outcome.")
    trial: Mapped[str] = said("Trial.")
    outcome: Mapped[str] = said("Which outcome.")
    definition_version: Mapped[str] = said("Version of the outcome's definition.")
    status: Mapped[str] = mapped_column(
        one_of(OutcomeStatus, "status"), comment="How far it has matured."
    )
    value: Mapped[float | None] = said("Value; mortality: 1 dead, 0 alive.")
    determinable_from: Mapped[datetime | None] = said(
        "First moment it can be told, UTC."
    )
    reason: Mapped[str | None] = said("Why it is missing or was corrected.")
