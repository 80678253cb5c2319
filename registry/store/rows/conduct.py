"""What people say of outcomes, and deviations; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.conduct import DeviationKind, JudgedAs
from registry.store.columns import one_of
from registry.store.rows.base import Row, comment, said


class JudgedOutcomeRow(Row):
    """`judged_outcome`."""

    __tablename__ = "judged_outcome"
    __table_args__ = (
        UniqueConstraint("outcome_id", "number"),
        comment(
            "What humans say of outcomes, beside what is derived; the latest counts."
        ),
    )

    judgement_id: Mapped[str] = said("Identity of the judgement.", key=True)
    outcome_id: Mapped[str] = said("Outcome that was judged.")
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    outcome: Mapped[str] = said("Which outcome.")
    number: Mapped[int] = said("Number of the judgement of this outcome.")
    of_revision: Mapped[int] = said("Derived revision that was judged.")
    judged_as: Mapped[str] = mapped_column(
        one_of(JudgedAs, "judged_as"), comment="How it was judged."
    )
    value: Mapped[float | None] = said("Value; none where nobody can say.")
    reason: Mapped[str] = said("Why.")
    actor: Mapped[str] = said("Who said so.")
    decided_at: Mapped[datetime] = said("When it was decided, UTC.")
    recorded_at: Mapped[datetime] = said("When it was recorded, UTC.")


class DeviationRow(Row):
    """`deviation`."""

    __tablename__ = "deviation"
    __table_args__ = (
        UniqueConstraint("participant", "number"),
        Index(None, "site", "trial"),
        comment("Departures from the protocol."),
    )

    deviation_id: Mapped[str] = said("Identity of the deviation.", key=True)
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    participant: Mapped[str] = said("Participant.")
    domain: Mapped[str] = said("Domain; empty for the trial as a whole.")
    number: Mapped[int] = said("Running number of the participant's deviations.")
    kind: Mapped[str] = mapped_column(
        one_of(DeviationKind, "kind"), comment="What was not done as written."
    )
    important: Mapped[bool] = said("Whether it may affect safety or the result.")
    happened_at: Mapped[datetime] = said("When it happened, UTC.")
    description: Mapped[str] = said("What happened, in words that name nobody.")
    actor: Mapped[str] = said("Who recorded it.")
    recorded_at: Mapped[datetime] = said("When it was recorded, UTC.")
