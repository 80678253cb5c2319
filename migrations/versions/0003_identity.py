"""What intake needs: the vault of identifiers, dead letters, merges found quickly.

Revision: 0003.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add two tables, one of them in a schema of its own, and an index."""
    _make_vault()
    _make_letters()
    merges = sa.text("kind IN ('patient_merge', 'patient_unmerge')")
    op.create_index(
        op.f("ix_clinical_event_site_patient"),
        "clinical_event",
        ["site", "patient"],
        postgresql_where=merges,
        sqlite_where=merges,
    )


def downgrade() -> None:
    """Take it back; without the vault no pseudonym can be led back."""
    op.drop_index(op.f("ix_clinical_event_site_patient"), table_name="clinical_event")
    op.drop_table("dead_letter")
    if _postgresql():
        op.execute("DROP TABLE vault.identifier")
        op.execute("DROP SCHEMA vault")
    else:
        op.drop_table("vault_identifier")


def _postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _make_vault() -> None:
    if _postgresql():
        op.execute("CREATE SCHEMA vault")
        op.execute("REVOKE ALL ON SCHEMA vault FROM PUBLIC")
        op.execute(
            "COMMENT ON SCHEMA vault IS "
            "'Identifiers, encrypted; for who may lead a pseudonym back.'"
        )
    name = "identifier" if _postgresql() else "vault_identifier"
    op.create_table(
        name,
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "pseudonym", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="Keyed digest by which an identifier is found.",
        ),
        sa.Column(
            "key_version",
            sa.BigInteger(),
            nullable=False,
            comment="Vault key of digest and seal.",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="Authority and identifier, encrypted by AES-256-GCM.",
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was first recorded, UTC.",
        ),
        sa.PrimaryKeyConstraint("site", "pseudonym", "digest", name=op.f(f"pk_{name}")),
        sa.Index(op.f(f"ix_{name}_site_digest"), "site", "digest"),
        schema="vault" if _postgresql() else None,
        comment="Which identifiers a pseudonym stands for; every opening is audited.",
    )


def _make_letters() -> None:
    op.create_table(
        "dead_letter",
        sa.Column(
            "message_id", sa.Text(), nullable=False, comment="Identity of the letter."
        ),
        sa.Column("topic", sa.Text(), nullable=False, comment="Topic of the record."),
        sa.Column(
            "partition", sa.Integer(), nullable=False, comment="Partition of the record."
        ),
        sa.Column(
            "record_offset",
            sa.BigInteger(),
            nullable=False,
            comment="Offset of the record.",
        ),
        sa.Column(
            "rejected_by", sa.Text(), nullable=False, comment="Which part rejected it."
        ),
        sa.Column(
            "rejected_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When, UTC.",
        ),
        sa.Column("code", sa.Text(), nullable=False, comment="Stable error code."),
        sa.Column(
            "reason", sa.Text(), nullable=False, comment="What is wrong, and where."
        ),
        sa.Column(
            "form",
            sa.Text(),
            nullable=True,
            comment="How the bytes are to be read; null where the record did not say.",
        ),
        sa.Column(
            "record_key", sa.LargeBinary(), nullable=True, comment="Key of the record."
        ),
        sa.Column(
            "value",
            sa.LargeBinary(),
            nullable=True,
            comment="The record byte for byte, sealed where the site has a key.",
        ),
        sa.Column(
            "retries",
            sa.Integer(),
            nullable=False,
            comment="How often it was sent again.",
        ),
        sa.Column(
            "retried_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="When it was last sent again, UTC.",
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_dead_letter")),
        comment="What was rejected, kept until its retention ends.",
    )
    op.create_index(
        op.f("ix_dead_letter_code_rejected_at"), "dead_letter", ["code", "rejected_at"]
    )
