"""What acts over several domains answered; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.answered import Answer
from registry.store.columns import by_value
from registry.store.rows.base import Row, comment, said


class DomainAnswerRow(Row):
    """`domain_answer`."""

    __tablename__ = "domain_answer"
    __table_args__ = (
        UniqueConstraint("act", "domain"),
        Index(None, "trial", "domain"),
        comment(
            "What an act over several domains answered for each, whether drawn or not."
        ),
    )

    answer_id: Mapped[str] = said("Identity.", key=True)
    act: Mapped[str] = said("Names the act and its repeats.")
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    participant: Mapped[str | None] = said("Participant; null of whom nobody asked.")
    episode: Mapped[str] = said("Hospital stay.")
    domain: Mapped[str] = said("Domain.")
    asked: Mapped[str] = said("Domains that were named; empty for all of the trial.")
    answer: Mapped[Answer] = mapped_column(
        by_value(Answer, "answer"), comment="What became of the domain."
    )
    obstacles: Mapped[str] = said(
        "Code, name and detail of what stood in the way, JSON."
    )
    availability: Mapped[str] = said(
        "Each arm, whether it was available, whether the patient was eligible; JSON."
    )
    randomisation_id: Mapped[str | None] = mapped_column(
        ForeignKey("randomisation.randomisation_id"),
        comment="What was drawn, now or before.",
    )
    actor: Mapped[str] = said("Who asked.")
    at: Mapped[datetime] = said("When, UTC.")
