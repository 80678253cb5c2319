"""The registry's mode, the trials' protocols and domains."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.domain.mode import Mode
from registry.store.columns import by_value
from registry.store.rows.base import Row, comment, said


class ModeRow(Row):
    """`mode_revision`."""

    __tablename__ = "mode_revision"
    __table_args__ = (comment("The registry's mode, revision by revision."),)

    revision: Mapped[int] = said("Number; the highest stands.", key=True)
    mode: Mapped[Mode] = mapped_column(
        by_value(Mode, "mode"), comment="demo, silent or live."
    )
    reason: Mapped[str] = said("Why it was set.")
    actor: Mapped[str] = said("Who set it.")
    at: Mapped[datetime] = said("When, UTC.")


class ProtocolRow(Row):
    """`protocol_version`."""

    __tablename__ = "protocol_version"
    __table_args__ = (
        UniqueConstraint("trial", "protocol_hash"),
        comment("Protocol versions in the order of their activation."),
    )

    trial: Mapped[str] = said("Trial.", key=True)
    revision: Mapped[int] = said("Number; the trial's highest is active.", key=True)
    version: Mapped[str] = said("Version as the protocol names it.")
    protocol_hash: Mapped[str] = said("Content hash of the document.")
    document: Mapped[str] = said("The protocol as JSON.")
    key_commitment: Mapped[str] = said("SHA-256 of the allocation key.")
    activated_at: Mapped[datetime] = said("When it was activated, UTC.")
    activated_by: Mapped[str] = said("Who activated it.")


class DomainRow(Row):
    """`trial_domain`."""

    __tablename__ = "trial_domain"
    __table_args__ = (
        comment("Domains of active protocols; its row is locked by each allocation."),
    )

    trial: Mapped[str] = said("Trial.", key=True)
    domain: Mapped[str] = said("Domain.", key=True)
    is_open: Mapped[bool] = said("Whether it recruits.")
    blinded: Mapped[bool] = said("Whether the arm is hidden.")
    design: Mapped[str] = said("Arms, ratio and block sizes as JSON.")
