"""Randomisation, and apart from it the arms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
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

from registry.domain.mode import Mode
from registry.store.columns import by_value, one_of
from registry.store.rows.base import Row, comment, said
from streams.vocabulary.messages import Provenance


class RequestRow(Row):
    """`randomisation_request`."""

    __tablename__ = "randomisation_request"
    __table_args__ = (
        UniqueConstraint("trial", "domain", "participant"),
        comment("Requests that led to a randomisation; a repetition finds its own."),
    )

    idempotency_key: Mapped[str] = said("Names the request and its repeats.", key=True)
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    participant: Mapped[str] = mapped_column(
        ForeignKey("participant.participant"), comment="Participant."
    )
    requested_by: Mapped[str] = said("Who asked.")
    requested_at: Mapped[datetime] = said("When, UTC.")


class AllocatorRow(Row):
    """`allocator`."""

    __tablename__ = "allocator"
    __table_args__ = (
        CheckConstraint("next_no >= 1", name="counts_from_one"),
        comment("Strata and the number each gives next; locked by each allocation."),
    )

    trial: Mapped[str] = said("Trial.", key=True)
    domain: Mapped[str] = said("Domain.", key=True)
    stratum: Mapped[str] = said("Stratum.", key=True)
    next_no: Mapped[int] = said("Number of the next participant.")
    schedule: Mapped[str] = said("Identity of the design whose blocks are in use.")
    schedule_first_no: Mapped[int] = said("Number at which that design took over.")


class VectorRow(Row):
    """`allocation_vector`."""

    __tablename__ = "allocation_vector"
    __table_args__ = (
        UniqueConstraint("trial", "domain", "revision"),
        comment(
            "Published shares of response-adaptive arms; the last one is drawn by."
        ),
    )

    vector_id: Mapped[str] = said("Identity.", key=True)
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    revision: Mapped[int] = said("Number in the domain, in order of publication.")
    stratum: Mapped[str | None] = said("Stratum it is for; null for every one.")
    design: Mapped[str] = said("Identity of the design it fits.")
    shares: Mapped[str] = said("Arm and share in billionths, JSON.")
    p_best: Mapped[str | None] = said("Arm and probability of being best, JSON.")
    analysis_id: Mapped[str] = said("Analysis it is from.")
    data_cut: Mapped[datetime] = said("Data cut of the analysis, UTC.")
    limits: Mapped[str] = said("Limits applied, JSON.")
    published_by: Mapped[str] = said("Who published it.")
    published_at: Mapped[datetime] = said("When it was published, UTC.")


class RandomisationRow(Row):
    """`randomisation`."""

    __tablename__ = "randomisation"
    __table_args__ = (
        UniqueConstraint("trial", "domain", "participant"),
        UniqueConstraint("trial", "domain", "stratum", "sequence_no"),
        Index(None, "participant"),
        comment("Who was randomised, when and as what; the arm is kept apart."),
    )

    randomisation_id: Mapped[str] = said("Identity.", key=True)
    idempotency_key: Mapped[str] = mapped_column(
        ForeignKey("randomisation_request.idempotency_key"), comment="Its request."
    )
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    participant: Mapped[str] = mapped_column(
        ForeignKey("participant.participant"), comment="Participant."
    )
    site: Mapped[str] = said("Site.")
    patient: Mapped[str] = said("Pseudonym of the patient.")
    episode: Mapped[str] = said("Hospital stay.")
    stratum: Mapped[str] = said("Stratum as randomised.")
    sequence_no: Mapped[int] = said("Number in the stratum, from 1, without gaps.")
    schedule: Mapped[str] = said("Identity of the design it was drawn by.")
    schedule_first_no: Mapped[int] = said("Number at which that design took over.")
    ratio: Mapped[str] = said("Arms and shares as they stood, JSON.")
    blinded: Mapped[bool] = said("Whether the arm is hidden.")
    randomised_at: Mapped[datetime] = said("When, UTC.")
    randomised_by: Mapped[str] = said("Who asked for it.")
    anchor: Mapped[str] = said("Anchor with its clock, frozen.")
    anchor_at: Mapped[datetime] = said("Moment of the anchor, frozen, UTC.")
    covariates: Mapped[str] = said("Baseline covariates, frozen, JSON.")
    protocol_version: Mapped[str] = said("Protocol version, frozen.")
    protocol_hash: Mapped[str] = said("Protocol hash, frozen.")
    software_version: Mapped[str] = said("Software version, frozen.")
    definition_version: Mapped[str] = said("Definition version, frozen.")
    screening_message_id: Mapped[str] = mapped_column(
        ForeignKey("screening_revision.message_id"), comment="Verdict it rests on."
    )
    consent_id: Mapped[str] = mapped_column(
        ForeignKey("consent_revision.consent_id"), comment="Consent it rests on."
    )
    mode: Mapped[Mode] = mapped_column(
        by_value(Mode, "mode"), comment="Mode of the registry."
    )
    provenance: Mapped[str] = mapped_column(
        one_of(Provenance, "provenance"), comment="Where the verdict's facts are from."
    )
    arm_commitment: Mapped[str] = said("SHA-256 of sealed nonce and arm.")
    availability: Mapped[str | None] = said(
        "Each arm, whether it was available, whether the patient was eligible; JSON."
    )
    epoch: Mapped[str | None] = said("Calendar epoch, frozen: month in UTC.")
    vector_id: Mapped[str | None] = said("Allocation vector it was drawn by.")
    deferred: Mapped[bool | None] = said(
        "Whether the arm is told only when it is revealed."
    )


class ExclusionRow(Row):
    """`allocation_exclusion`."""

    __tablename__ = "allocation_exclusion"
    __table_args__ = (
        comment("Allocations made in error, which minimisation counts no more."),
    )

    randomisation_id: Mapped[str] = mapped_column(
        ForeignKey("randomisation.randomisation_id"),
        primary_key=True,
        comment="Whose allocation.",
    )
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site.")
    domain: Mapped[str] = said("Domain.")
    from_no: Mapped[int] = said("Number of the domain from which on it does not count.")
    reason: Mapped[str] = said("Why.")
    actor: Mapped[str] = said("Who recorded it.")
    at: Mapped[datetime] = said("When, UTC.")


SEALED = "sealed"
"""The schema of the arms on PostgreSQL, with grants of its own."""
NONCE = "What opens the commitment to the arm, 64 hexadecimal digits."
STATE = "What the draw rested on, to repeat it; JSON."


OPEN_LABEL = "open_label_arm"
"""A view of the arms of domains that hide none: all that other roles see of arms."""


def assignment(metadata: MetaData, *, schema: str | None) -> Table:
    """The arms: `sealed.assignment`; `sealed_assignment` where there are no schemas."""
    return Table(
        "assignment" if schema else "sealed_assignment",
        metadata,
        Column("randomisation_id", Text, primary_key=True, comment="Whose arm it is."),
        Column("arm", Text, nullable=False, comment="The arm assigned."),
        Column("nonce", Text, nullable=False, comment=NONCE),
        Column("state", Text, nullable=True, comment=STATE),
        ForeignKeyConstraint(["randomisation_id"], ["randomisation.randomisation_id"]),
        schema=schema,
        comment="The arms, kept from whoever may read the rest.",
    )
