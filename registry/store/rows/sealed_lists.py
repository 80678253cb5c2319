"""Sealed lists and what was opened of them; appended, never changed, never an arm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.rows.base import Row, comment, said


class SealedListRow(Row):
    """`sealed_list`."""

    __tablename__ = "sealed_list"
    __table_args__ = (
        UniqueConstraint("trial", "domain", "site", "first_no"),
        comment(
            "Lists a custodian holds on paper; what commits to them, never an arm."
        ),
    )

    list_id: Mapped[str] = said("Identity; it is on every page.", key=True)
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    first_no: Mapped[int] = said("Number of the first page.")
    ratio: Mapped[str] = said("Arms and shares it was drawn by, JSON.")
    blinded: Mapped[bool] = said("Whether the arms are hidden.")
    key_commitment: Mapped[str] = said("SHA-256 of the custodian's key.")
    commitments: Mapped[str] = said("SHA-256 of nonce and arm of each page, JSON.")
    actor: Mapped[str] = said("Who made it.")
    made_at: Mapped[datetime] = said("When, UTC.")


class SealedOpeningRow(Row):
    """`sealed_opening`."""

    __tablename__ = "sealed_opening"
    __table_args__ = (
        UniqueConstraint("randomisation_id"),
        Index(None, "list_id"),
        comment("Pages of sealed lists as they were told to be opened; never an arm."),
    )

    opening_id: Mapped[str] = said("Identity.", key=True)
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    list_id: Mapped[str] = mapped_column(
        ForeignKey("sealed_list.list_id"), comment="Its list."
    )
    envelope: Mapped[int] = said("Number of the page.")
    participant: Mapped[str] = said("Participant, as told.")
    opened_at: Mapped[datetime] = said("When it was opened, as told, UTC.")
    opened_by: Mapped[str] = said("Who opened it, as told.")
    told_commitment: Mapped[str] = said("SHA-256 of nonce and arm as told.")
    outage_from: Mapped[datetime] = said("Begin of the outage, as told, UTC.")
    outage_until: Mapped[datetime] = said("Its end, as told, UTC.")
    findings: Mapped[str] = said("What does not fit, JSON.")
    randomisation_id: Mapped[str | None] = mapped_column(
        ForeignKey("randomisation.randomisation_id"), comment="What it was entered as."
    )
    counts_from_no: Mapped[int | None] = said(
        "Number of the domain from which on minimisation counts it."
    )
    actor: Mapped[str] = said("Who entered it.")
    recorded_at: Mapped[datetime] = said("When it was entered, UTC.")
