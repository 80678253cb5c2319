"""Alerts, their history, and what is to be told outside."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.alert import AlertStatus, AlertStep, Hold
from registry.domain.mode import Suppression
from registry.store.columns import by_value, one_of, told_by_value
from registry.store.rows.base import Row, comment, said
from streams.vocabulary.messages import ScreeningStatus


UNCLOSED = text("status IN ('open', 'suppressed')")
"""By its words, so that a plan made for any values may use the index."""


class AlertRow(Row):
    """`alert`."""

    __tablename__ = "alert"
    __table_args__ = (
        Index(
            "uq_alert_unclosed",
            "site",
            "patient",
            "trial",
            "domain",
            "episode",
            unique=True,
            sqlite_where=UNCLOSED,
            postgresql_where=UNCLOSED,
        ),
        Index(None, "screening_id"),
        comment("Alerts as they stand; one unclosed per patient, domain and episode."),
    )

    alert_id: Mapped[str] = said("Identity.", key=True)
    screening_id: Mapped[str] = said("Screening it speaks of.")
    site: Mapped[str] = said("Site.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    episode: Mapped[str] = said("Hospital stay.")
    status: Mapped[AlertStatus] = mapped_column(
        by_value(AlertStatus, "status"), comment="Where it stands."
    )
    suppressed: Mapped[Suppression | None] = mapped_column(
        by_value(Suppression, "suppressed"), comment="Why nobody was told."
    )
    verdict: Mapped[str] = mapped_column(
        one_of(ScreeningStatus, "verdict"), comment="Verdict it rests on."
    )
    revision: Mapped[int] = said("Revision of the screening it rests on.")
    deadline: Mapped[datetime] = said("End of the recruitment window, UTC.")
    raised_at: Mapped[datetime] = said("When it was raised, UTC.")
    changed_at: Mapped[datetime] = said("When it last changed, UTC.")
    held_back: Mapped[Hold | None] = mapped_column(
        told_by_value(Hold), comment="Why this patient is not called about."
    )


class AlertEventRow(Row):
    """`alert_event`."""

    __tablename__ = "alert_event"
    __table_args__ = (
        Index(None, "act"),
        comment("What happened to each alert, in order."),
    )

    alert_id: Mapped[str] = mapped_column(
        ForeignKey("alert.alert_id"), primary_key=True, comment="Alert."
    )
    number: Mapped[int] = said("Running number of the step.", key=True)
    step: Mapped[AlertStep] = mapped_column(
        by_value(AlertStep, "step"), comment="What happened."
    )
    revision: Mapped[int] = said("Revision of the screening that made it happen.")
    suppressed: Mapped[Suppression | None] = mapped_column(
        by_value(Suppression, "suppressed"), comment="Why nobody was told."
    )
    told: Mapped[bool] = said("Whether a notice went to the outbox.")
    at: Mapped[datetime] = said("When, UTC.")
    act: Mapped[str] = said("Batch, consent or randomisation that made it happen.")
    held_back: Mapped[Hold | None] = mapped_column(
        told_by_value(Hold), comment="Why this patient is not called about."
    )


class OutboxRow(Row):
    """`outbox`."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(None, "topic", "next_attempt_at"),
        Index(None, "topic", "position"),
        comment("What is to be told outside; written with the act, sent after it."),
    )

    outbox_id: Mapped[str] = said("Identity; the same over all retries.", key=True)
    topic: Mapped[str] = said("Topic.")
    key: Mapped[str] = said("Key of the topic.")
    payload: Mapped[str] = said("JSON body, byte for byte.")
    created_at: Mapped[datetime] = said("When it was written, UTC.")
    attempts: Mapped[int] = said("How often it was tried.")
    next_attempt_at: Mapped[datetime | None] = said("Due when, UTC; null when settled.")
    delivered_at: Mapped[datetime | None] = said("When it was delivered, UTC.")
    error: Mapped[str | None] = said("What the last try met.")
    position: Mapped[int] = mapped_column(
        BigInteger,
        Identity(),
        comment="Order in which it was written; rises within a key.",
    )
