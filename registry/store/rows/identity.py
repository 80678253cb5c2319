"""The vault of identifiers, and what was rejected."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from registry.store.columns import UtcDateTime
from registry.store.rows.base import Row, comment, said


VAULT = "vault"
"""The schema of the identifiers on PostgreSQL, with grants of its own."""


def identifier(metadata: MetaData, *, schema: str | None) -> Table:
    """`vault.identifier`; `vault_identifier` where there are no schemas."""
    table = Table(
        "identifier" if schema else "vault_identifier",
        metadata,
        Column("site", Text, primary_key=True, comment="Site."),
        Column(
            "pseudonym", Text, primary_key=True, comment="Pseudonym of the patient."
        ),
        Column(
            "digest",
            Text,
            primary_key=True,
            comment="Keyed digest by which an identifier is found.",
        ),
        Column(
            "key_version",
            BigInteger,
            nullable=False,
            comment="Vault key of digest and seal.",
        ),
        Column(
            "sealed",
            LargeBinary,
            nullable=False,
            comment="Authority and identifier, encrypted by AES-256-GCM.",
        ),
        Column(
            "seen_at",
            UtcDateTime(),
            nullable=False,
            comment="When it was first recorded, UTC.",
        ),
        schema=schema,
        comment="Which identifiers a pseudonym stands for; every opening is audited.",
    )
    Index(None, table.c.site, table.c.digest)
    return table


class LetterRow(Row):
    """`dead_letter`."""

    __tablename__ = "dead_letter"
    __table_args__ = (
        Index(None, "code", "rejected_at"),
        comment("What was rejected, kept until its retention ends."),
    )

    message_id: Mapped[str] = said("Identity of the letter.", key=True)
    topic: Mapped[str] = said("Topic of the record.")
    partition: Mapped[int] = mapped_column(Integer, comment="Partition of the record.")
    record_offset: Mapped[int] = mapped_column(
        BigInteger, comment="Offset of the record."
    )
    rejected_by: Mapped[str] = said("Which part rejected it.")
    rejected_at: Mapped[datetime] = said("When, UTC.")
    code: Mapped[str] = said("Stable error code.")
    reason: Mapped[str] = said("What is wrong, and where.")
    form: Mapped[str | None] = said(
        "How the bytes are to be read; null where the record did not say."
    )
    record_key: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="Key of the record."
    )
    value: Mapped[bytes | None] = mapped_column(
        LargeBinary,
        comment="The record byte for byte, sealed where the site has a key.",
    )
    headers: Mapped[str | None] = said(
        "What the record told of its receipt, JSON; null where it told nothing."
    )
    retries: Mapped[int] = said("How often it was sent again.")
    retried_at: Mapped[datetime | None] = said("When it was last sent again, UTC.")
