"""Who has which role where; appended, never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.roles import Role
from registry.store.columns import by_value
from registry.store.rows.base import Row, comment, said


class RoleGrantRow(Row):
    """`role_grant`."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("entry", "revision"),
        Index(None, "person"),
        comment("Who has which role where; the highest revision of an entry counts."),
    )

    grant_id: Mapped[str] = said("Identity of the revision.", key=True)
    entry: Mapped[str] = said("Identity of the grant.")
    revision: Mapped[int] = said("Number of the revision.")
    person: Mapped[str] = said("To whom; also the name of a database login of theirs.")
    role: Mapped[Role] = mapped_column(by_value(Role, "role"), comment="Role.")
    site: Mapped[str] = said("Site; * for every one.")
    trial: Mapped[str] = said("Trial; * for every one.")
    starts_at: Mapped[datetime] = said("From when, UTC.")
    ends_at: Mapped[datetime | None] = said("First moment it holds no more, UTC.")
    recorded_at: Mapped[datetime] = said("When it was recorded, UTC.")
    actor: Mapped[str] = said("Who granted or revoked it.")
    reason: Mapped[str] = said("Why.")
