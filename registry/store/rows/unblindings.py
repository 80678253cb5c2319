"""Broken blinds; appended, never changed, and never with an arm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.rows.base import Row, comment, said


class UnblindingRow(Row):
    """`unblinding`."""

    __tablename__ = "unblinding"
    __table_args__ = (
        UniqueConstraint("randomisation_id", "number"),
        Index(None, "trial", "domain"),
        comment("For whom the blind was broken, by whom and why; never an arm."),
    )

    unblinding_id: Mapped[str] = said("Identity.", key=True)
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    participant: Mapped[str] = said("Participant.")
    randomisation_id: Mapped[str] = mapped_column(
        ForeignKey("randomisation.randomisation_id"), comment="Whose arm was told."
    )
    number: Mapped[int] = said("Number for this randomisation, from 1.")
    reason: Mapped[str] = said("Why.")
    actor: Mapped[str] = said("To whom the arm was told.")
    authenticated_by: Mapped[str] = said("How they showed that it is them.")
    sponsor_told: Mapped[bool] = said("Whether the sponsor knew before.")
    at: Mapped[datetime] = said("When, UTC.")
