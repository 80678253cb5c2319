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


class PauseRow(Row):
    """`recruitment_pause`."""

    __tablename__ = "recruitment_pause"
    __table_args__ = (
        UniqueConstraint("trial", "site", "domain", "arm", "revision"),
        comment("What of a trial is paused, revision by revision; the latest counts."),
    )

    pause_id: Mapped[str] = said("Identity of the revision.", key=True)
    trial: Mapped[str] = said("Trial.")
    site: Mapped[str] = said("Site; empty where a domain or arm is meant.")
    domain: Mapped[str] = said("Domain; empty where a site is meant.")
    arm: Mapped[str] = said("Arm; empty where all of the domain or site is meant.")
    revision: Mapped[int] = said("Number of the revision.")
    paused: Mapped[bool] = said("False where it was resumed.")
    reason: Mapped[str] = said("Why.")
    actor: Mapped[str] = said("Who.")
    at: Mapped[datetime] = said("When, UTC.")


class DomainRow(Row):
    """`trial_domain`."""

    __tablename__ = "trial_domain"
    __table_args__ = (
        comment("Domains of active protocols; its row is locked by each allocation."),
    )

    trial: Mapped[str] = said("Trial.", key=True)
    domain: Mapped[str] = said("Domain.", key=True)
    is_open: Mapped[bool] = said("Whether the protocol has it recruit.")
    blinded: Mapped[bool] = said("Whether the arm is hidden.")
    design: Mapped[str] = said("Arms, ratio and method as JSON.")
