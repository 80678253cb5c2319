"""Green lights, delegation logs and signatures; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.delegation import Duty
from registry.store.columns import Words
from registry.store.rows.base import Row, comment, said


class GreenLightRow(Row):
    """`green_light`."""

    __tablename__ = "green_light"
    __table_args__ = (
        UniqueConstraint("trial", "site", "revision"),
        comment("Which site may recruit for which trial; the highest revision counts."),
    )

    light_id: Mapped[str] = said("Identity of the revision.", key=True)
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site.")
    revision: Mapped[int] = said("Number of the revision.")
    given: Mapped[bool] = said("False where it was revoked.")
    reason: Mapped[str] = said("Why.")
    actor: Mapped[str] = said("Who gave or revoked it.")
    at: Mapped[datetime] = said("When, UTC.")


class DelegationRow(Row):
    """`delegation`."""

    __tablename__ = "delegation"
    __table_args__ = (
        UniqueConstraint("entry", "revision"),
        Index(None, "trial", "site"),
        comment("Delegation logs; the highest revision of an entry counts."),
    )

    delegation_id: Mapped[str] = said("Identity of the revision.", key=True)
    entry: Mapped[str] = said("Identity of the entry.")
    revision: Mapped[int] = said("Number of the revision.")
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    person: Mapped[str] = said("To whom.")
    duties: Mapped[tuple[Duty, ...]] = mapped_column(Words(Duty), comment="What.")
    starts_at: Mapped[datetime] = said("From when, UTC.")
    ends_at: Mapped[datetime | None] = said("First moment it holds no more, UTC.")
    recorded_at: Mapped[datetime] = said("When it was recorded, UTC.")
    actor: Mapped[str] = said("By whom.")
    reason: Mapped[str | None] = said("Reason, where one was told.")


class SignatureRow(Row):
    """`eligibility_signature`."""

    __tablename__ = "eligibility_signature"
    __table_args__ = (
        UniqueConstraint("screening_id", "number"),
        comment("Signatures under eligibility; the latest of a screening counts."),
    )

    signature_id: Mapped[str] = said("Identity.", key=True)
    screening_id: Mapped[str] = said("Screening it is under.")
    number: Mapped[int] = said("Number under this screening.")
    site: Mapped[str] = said("Site.")
    trial: Mapped[str] = said("Trial.")
    screening_revision: Mapped[int] = said("Revision the signer had before them.")
    protocol_hash: Mapped[str] = said("Protocol it was signed for.")
    signed: Mapped[str] = said("SHA-256 of verdict, answers and stratum as signed.")
    signer: Mapped[str] = said("Who signed.")
    signed_at: Mapped[datetime] = said("When, UTC.")
