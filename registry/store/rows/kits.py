"""Kits: lists and what was done, appended; where each stands; apart, what it holds."""

from __future__ import annotations

from datetime import date, datetime

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

from registry.domain.kit import KitAct, KitState
from registry.store.columns import by_value
from registry.store.rows.base import Row, comment, said


class KitListRow(Row):
    """`kit_list`."""

    __tablename__ = "kit_list"
    __table_args__ = (
        Index(None, "trial", "domain"),
        comment("Lists of kits as they were imported."),
    )

    list_id: Mapped[str] = said("Identity.", key=True)
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    contents: Mapped[str] = said("SHA-256 that binds what the kits hold.")
    imported_by: Mapped[str] = said("Who imported it.")
    imported_at: Mapped[datetime] = said("When, UTC.")


class KitRow(Row):
    """`kit`."""

    __tablename__ = "kit"
    __table_args__ = (
        Index(None, "list_id"),
        comment("Labels of kits; what a kit holds is kept apart."),
    )

    kit: Mapped[str] = said("Code on the label.", key=True)
    list_id: Mapped[str] = mapped_column(
        ForeignKey("kit_list.list_id"), comment="List it came on."
    )
    lot: Mapped[str] = said("Lot.")
    expires_on: Mapped[date] = said("Last day.")


class KitStockRow(Row):
    """`kit_stock`."""

    __tablename__ = "kit_stock"
    __table_args__ = (
        CheckConstraint("number >= 0", name="counts_from_none"),
        Index(None, "trial", "domain", "site", "state"),
        Index(None, "randomisation_id"),
        comment("Where each kit stands; how it came there is in `kit_event`."),
    )

    kit: Mapped[str] = mapped_column(
        ForeignKey("kit.kit"), primary_key=True, comment="Kit."
    )
    trial: Mapped[str] = said("Trial.")
    domain: Mapped[str] = said("Domain.")
    state: Mapped[KitState] = mapped_column(
        by_value(KitState, "state"), comment="Where it stands."
    )
    site: Mapped[str] = said("Site it is at; empty for the depot.")
    randomisation_id: Mapped[str | None] = mapped_column(
        ForeignKey("randomisation.randomisation_id"),
        comment="For whom it is or was reserved.",
    )
    number: Mapped[int] = said("Number of the last event; 0 before the first.")


class KitEventRow(Row):
    """`kit_event`."""

    __tablename__ = "kit_event"
    __table_args__ = (
        UniqueConstraint("kit", "number"),
        UniqueConstraint("replaces"),
        comment("What was done with each kit."),
    )

    event_id: Mapped[str] = said("Identity.", key=True)
    kit: Mapped[str] = mapped_column(ForeignKey("kit.kit"), comment="Kit.")
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site; empty for the depot.")
    domain: Mapped[str] = said("Domain.")
    number: Mapped[int] = said("Number of the kit's events, from 1.")
    act: Mapped[KitAct] = mapped_column(
        by_value(KitAct, "act"), comment="What was done."
    )
    state: Mapped[KitState] = mapped_column(
        by_value(KitState, "state"), comment="Where it stands since."
    )
    randomisation_id: Mapped[str | None] = said("For whom it is or was reserved.")
    replaces: Mapped[str | None] = said("Kit in whose place it was reserved.")
    reason: Mapped[str | None] = said("Why.")
    actor: Mapped[str] = said("Who did it.")
    at: Mapped[datetime] = said("When, UTC.")


CONTENTS = "kit_content"
"""What kits hold, beside the arms and kept as they are."""


def kit_content(metadata: MetaData, *, schema: str | None) -> Table:
    """`sealed.kit_content`; `sealed_kit_content` where there are no schemas."""
    return Table(
        CONTENTS if schema else f"sealed_{CONTENTS}",
        metadata,
        Column("kit", Text, primary_key=True, comment="Kit."),
        Column("arm", Text, nullable=False, comment="The arm it is of."),
        Column(
            "nonce",
            Text,
            nullable=False,
            comment="What opens the list's commitment, 64 hexadecimal digits.",
        ),
        ForeignKeyConstraint(["kit"], ["kit.kit"]),
        schema=schema,
        comment="What kits hold, kept from whoever may read the rest.",
    )
