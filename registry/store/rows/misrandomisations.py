"""Randomisations in error; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.rows.base import Row, comment, said


class MisrandomisationRow(Row):
    """`misrandomisation`."""

    __tablename__ = "misrandomisation"
    __table_args__ = (
        UniqueConstraint("randomisation_id", "number"),
        Index(None, "trial", "domain"),
        comment("What went wrong in a randomisation, and what was true."),
    )

    misrandomisation_id: Mapped[str] = said("Identity.", key=True)
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    participant: Mapped[str] = said("Participant.")
    number: Mapped[int] = said("Number for this randomisation, from 1.")
    kind: Mapped[str] = mapped_column(Text, comment="What went wrong.")
    randomisation_id: Mapped[str] = mapped_column(
        ForeignKey("randomisation.randomisation_id"), comment="Which randomisation."
    )
    deviation_id: Mapped[str] = mapped_column(
        ForeignKey("deviation.deviation_id"), comment="The deviation that tells of it."
    )
    in_error: Mapped[bool] = said("Whether it counts no more where counts steer draws.")
    true_values: Mapped[str] = said("What was true, name and value, JSON.")
    first: Mapped[str | None] = said("The participant whose allocation counts.")
    actor: Mapped[str] = said("Who recorded it.")
    recorded_at: Mapped[datetime] = said("When, UTC.")


class ReceivedRow(Row):
    """`misrandomisation_received`."""

    __tablename__ = "misrandomisation_received"
    __table_args__ = (
        comment("What was given instead of what was assigned, for who may know arms."),
    )

    misrandomisation_id: Mapped[str] = mapped_column(
        ForeignKey("misrandomisation.misrandomisation_id"),
        primary_key=True,
        comment="Which randomisation in error.",
    )
    received: Mapped[str] = said("What was given instead; no arm if hidden.")
