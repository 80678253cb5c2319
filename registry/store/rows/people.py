"""Participants, consents and signed answers; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.consent import ConsentBasis, ConsentState, Scope
from registry.store.columns import Words, by_value, one_of
from registry.store.rows.base import Row, comment, said
from streams.vocabulary.messages import Truth


class ParticipantRow(Row):
    """`participant`."""

    __tablename__ = "participant"
    __table_args__ = (
        UniqueConstraint("trial", "site", "patient"),
        UniqueConstraint("trial", "site", "number"),
        comment("One patient in one trial, from the first consent act on."),
    )

    participant: Mapped[str] = said("Code; tells nothing of the patient.", key=True)
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    number: Mapped[int] = said("Running number at this site in this trial.")
    recorded_at: Mapped[datetime] = said("When the row was written, UTC.")


class ConsentRow(Row):
    """`consent_revision`."""

    __tablename__ = "consent_revision"
    __table_args__ = (
        UniqueConstraint("participant", "revision"),
        comment("Revisions of consent; the highest stands."),
    )

    consent_id: Mapped[str] = said("Identity of the revision.", key=True)
    participant: Mapped[str] = mapped_column(
        ForeignKey("participant.participant"), comment="Participant."
    )
    revision: Mapped[int] = said("Number of the revision.")
    state: Mapped[ConsentState] = mapped_column(
        by_value(ConsentState, "state"), comment="What stands from then on."
    )
    basis: Mapped[ConsentBasis | None] = mapped_column(
        by_value(ConsentBasis, "basis"), comment="How it was given."
    )
    document_version: Mapped[str | None] = said("Version of the information and form.")
    decided_at: Mapped[datetime] = said("When it was decided, UTC.")
    recorded_at: Mapped[datetime] = said("When it was recorded, UTC.")
    actor: Mapped[str] = said("Who recorded it.")
    reason: Mapped[str | None] = said("Reason, where one was told.")
    deadline: Mapped[datetime | None] = said("Deferred: by when to ask, UTC.")
    scopes: Mapped[tuple[Scope, ...] | None] = mapped_column(
        Words(Scope), comment="Withdrawn: what was taken; null takes everything."
    )


class AnswerRow(Row):
    """`human_answer`."""

    __tablename__ = "human_answer"
    __table_args__ = (
        UniqueConstraint("screening_id", "criterion_id", "revision"),
        Index(None, "screening_id"),
        comment(
            "Signed answers to criteria only a human can judge; the latest counts."
        ),
    )

    answer_id: Mapped[str] = said("Identity of the answer.", key=True)
    screening_id: Mapped[str] = said("Screening it answers.")
    screening_revision: Mapped[int] = said("Revision the signer had before them.")
    protocol_hash: Mapped[str] = said("Protocol it was answered for.")
    criterion_id: Mapped[str] = said("Criterion it answers.")
    revision: Mapped[int] = said("Number of the answer to this criterion.")
    truth: Mapped[str] = mapped_column(one_of(Truth, "truth"), comment="The answer.")
    reason: Mapped[str | None] = said("Reason, where one was told.")
    actor: Mapped[str] = said("Who signed.")
    answered_at: Mapped[datetime] = said("When it was signed, UTC.")
    answered_as: Mapped[str | None] = said("In which capacity.")
    machine_truth: Mapped[str | None] = said("What the machine said in that revision.")


class OptOutRow(Row):
    """`opt_out`."""

    __tablename__ = "opt_out"
    __table_args__ = (
        UniqueConstraint("site", "patient", "trial", "revision"),
        comment("Who wants no part in a trial, or in any research; the latest counts."),
    )

    opt_out_id: Mapped[str] = said("Identity of the revision.", key=True)
    site: Mapped[str] = said("Site.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    trial: Mapped[str] = said("Trial; empty for all research.")
    revision: Mapped[int] = said("Number of the revision.")
    stands: Mapped[bool] = said("False where it was taken back.")
    decided_at: Mapped[datetime] = said("When it was decided, UTC.")
    recorded_at: Mapped[datetime] = said("When it was recorded, UTC.")
    actor: Mapped[str] = said("Who recorded it.")
    reason: Mapped[str | None] = said("Reason, where one was told.")
