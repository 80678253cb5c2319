"""Arms of deferred domains that were told; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.rows.base import Row, comment, said


class RevealRow(Row):
    """`arm_reveal`."""

    __tablename__ = "arm_reveal"
    __table_args__ = (
        comment("Since when the arm of a deferred domain is told; without it, never."),
    )

    randomisation_id: Mapped[str] = mapped_column(
        ForeignKey("randomisation.randomisation_id"),
        primary_key=True,
        comment="Whose arm.",
    )
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site.")
    domain: Mapped[str] = said("Domain.")
    participant: Mapped[str] = said("Participant.")
    reason: Mapped[str | None] = said("Why then.")
    actor: Mapped[str] = said("Who revealed it.")
    at: Mapped[datetime] = said("When, UTC.")
