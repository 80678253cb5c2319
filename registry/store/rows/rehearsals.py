"""Rehearsals, apart from all participants; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.rows.base import Row, comment, said


class RehearsalRow(Row):
    """`rehearsal`."""

    __tablename__ = "rehearsal"
    __table_args__ = (
        UniqueConstraint("code", "turn"),
        comment("Acts rehearsed with decoys; counted nowhere, true of nobody."),
    )

    rehearsal_id: Mapped[str] = said("Identity.", key=True)
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    code: Mapped[str] = said("Code of the decoy.")
    number: Mapped[int] = said("Number of the decoy at the site, from 1.")
    act: Mapped[str] = mapped_column(Text, comment="What was rehearsed.")
    turn: Mapped[int] = said("Number of the act with this decoy, from 1.")
    ratio: Mapped[str] = said("Arms and shares as they stood, JSON.")
    blinded: Mapped[bool] = said("Whether the domain hides its arms.")
    kit: Mapped[str] = said("Code of a kit that is on no shelf.")
    reason: Mapped[str] = said("Why; empty of a draw.")
    actor: Mapped[str] = said("Who rehearsed.")
    at: Mapped[datetime] = said("When, UTC.")
