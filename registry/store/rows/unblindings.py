"""Broken blinds; appended, never changed, and never with an arm."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
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
    reason: Mapped[str] = said("Why, by its code.")
    actor: Mapped[str] = said("To whom the arm was told.")
    authenticated_by: Mapped[str] = said("How they showed that it is them.")
    sponsor_told: Mapped[bool] = said("Whether the sponsor knew before.")
    at: Mapped[datetime] = said("When, UTC.")


NOTES = "unblinding_note"
"""Why a blind was broken, in words; beside the arms and kept as they are."""


def unblinding_note(metadata: MetaData, *, schema: str | None) -> Table:
    """`sealed.unblinding_note`; `sealed_unblinding_note` where there are no schemas."""
    return Table(
        NOTES if schema else f"sealed_{NOTES}",
        metadata,
        Column("unblinding_id", Text, primary_key=True, comment="Which broken blind."),
        Column("note", Text, nullable=False, comment="Why, in words."),
        Column(
            "nonce",
            Text,
            nullable=False,
            comment="What hides the words in their digest; empty of a reason of before "
            "codes.",
        ),
        ForeignKeyConstraint(["unblinding_id"], ["unblinding.unblinding_id"]),
        schema=schema,
        comment="Why a blind was broken, in words, which may name an arm.",
    )
