"""The hash chains."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from registry.store.rows.base import Row, comment, said


class AuditRowRow(Row):
    """`audit_event`."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index(None, "subject"),
        comment("Hash chain per site and trial; append-only."),
    )

    site: Mapped[str] = said("Site; empty for the whole registry.", key=True)
    trial: Mapped[str] = said("Trial; empty for no single one.", key=True)
    sequence: Mapped[int] = said("Number in the chain, from 1, no gaps.", key=True)
    action: Mapped[str] = said("What was done, subject:action.")
    actor: Mapped[str] = said("Who did it.")
    at: Mapped[datetime] = said("When, UTC.")
    subject: Mapped[str] = said("What it was done to.")
    detail: Mapped[str] = said("Particulars as canonical JSON; never an arm.")
    previous_hash: Mapped[str] = said("Hash of the row before.")
    row_hash: Mapped[str] = said("SHA-256 of the hash before and this row.")


class AuditHeadRow(Row):
    """`audit_head`."""

    __tablename__ = "audit_head"
    __table_args__ = (
        comment("Last link of each chain; locked by each act on a trial at a site."),
    )

    site: Mapped[str] = said("Site.", key=True)
    trial: Mapped[str] = said("Trial.", key=True)
    sequence: Mapped[int] = said("Number of the last row; 0 before the first.")
    row_hash: Mapped[str] = said("Its hash.")
