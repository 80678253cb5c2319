"""Tombstones; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped

from registry.store.rows.base import Row, comment, said


class RedactionRow(Row):
    """`redaction`."""

    __tablename__ = "redaction"
    __table_args__ = (
        UniqueConstraint("record_id"),
        comment("Records whose free text was taken out, and why."),
    )

    redaction_id: Mapped[str] = said("Identity.", key=True)
    record_id: Mapped[str] = said("Identity of the record.")
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    digest_before: Mapped[str] = said("SHA-256 of the record with its text.")
    digest_after: Mapped[str] = said("SHA-256 of the record with the tombstone.")
    reason: Mapped[str] = said("On whose request and by which law; no name.")
    actor: Mapped[str] = said("Who took it out.")
    at: Mapped[datetime] = said("When, UTC.")
