"""Electronic signatures; requests to randomise only grow; acts are found by subject.

Revision: 0011.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_REQUESTS = "randomisation_request"


def upgrade() -> None:
    """Make the table, guard the requests, index the audit."""
    op.create_table(
        "record_signature",
        _text("signature_id", "Identity."),
        _word("kind", "Sort of the record."),
        _text("record_id", "Identity of the record."),
        sa.Column(
            "number",
            sa.Integer(),
            nullable=False,
            comment="Number under this record, from 1.",
        ),
        _text("site", "Site whose chain has the record; empty for none."),
        _text("trial", "Trial whose chain has it; empty for none."),
        _text("signed_digest", "SHA-256 of the record as it was signed."),
        _word("meaning", "What the signer says by it."),
        _text("signer", "Who signed, as the audit names them."),
        _text("printed_name", "Their name in full."),
        _text("authenticated_by", "How they showed that it is them."),
        _moment("signed_at", "When, UTC."),
        sa.PrimaryKeyConstraint("signature_id", name=op.f("pk_record_signature")),
        sa.UniqueConstraint(
            "kind",
            "record_id",
            "number",
            name=op.f("uq_record_signature_kind_record_id_number"),
        ),
        comment="Electronic signatures, each bound to the record it is under.",
    )
    op.create_index(op.f("ix_audit_event_subject"), "audit_event", ["subject"])
    _only_append("record_signature")
    _only_append(_REQUESTS)


def downgrade() -> None:
    """Take it back; the signatures are lost, and their rows of the audit dangle."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP TRIGGER append_only ON {_REQUESTS}")
        op.execute(f"DROP TRIGGER append_only_truncate ON {_REQUESTS}")
    else:
        op.execute(f"DROP TRIGGER append_only_{_REQUESTS}_update")
        op.execute(f"DROP TRIGGER append_only_{_REQUESTS}_delete")
    op.drop_index(op.f("ix_audit_event_subject"), "audit_event")
    op.drop_table("record_signature")


def _text(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _word(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(32), nullable=False, comment=comment)


def _moment(name: str, comment: str) -> sa.Column[datetime]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False, comment=comment)


def _only_append(table: str) -> None:
    """Triggers that refuse UPDATE, DELETE and TRUNCATE."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION ember_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION ember_refuse_change()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER append_only_{table}_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
