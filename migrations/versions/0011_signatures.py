"""Electronic signatures and tombstones; requests to randomise only grow; acts are found by subject.

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
    op.create_table(
        "redaction",
        _text("redaction_id", "Identity."),
        _text("record_id", "Identity of the record."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("digest_before", "SHA-256 of the record with its text."),
        _text("digest_after", "SHA-256 of the record with the tombstone."),
        _text("reason", "On whose request and by which law; no name."),
        _text("actor", "Who took it out."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("redaction_id", name=op.f("pk_redaction")),
        sa.UniqueConstraint("record_id", name=op.f("uq_redaction_record_id")),
        comment="Records whose free text was taken out, and why.",
    )
    op.create_index(op.f("ix_audit_event_subject"), "audit_event", ["subject"])
    _only_append("record_signature")
    _only_append("redaction")
    _let_be_redacted()
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
    _let_nothing_be_redacted()
    op.drop_table("redaction")
    op.drop_table("record_signature")


_BESIDES_THE_TEXT = (
    *("deviation_id", "site", "trial", "participant", "domain", "number", "kind"),
    *("important", "happened_at", "actor", "recorded_at"),
)


def _let_be_redacted() -> None:
    """The description alone, and only once a tombstone is there."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            """
            CREATE FUNCTION ember_refuse_unless_redacted() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'UPDATE' AND NEW.description = '[redacted]'
                    AND to_jsonb(NEW) - 'description' = to_jsonb(OLD) - 'description'
                    AND EXISTS (
                        SELECT FROM redaction WHERE record_id = OLD.deviation_id
                    )
                THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
                    USING ERRCODE = 'integrity_constraint_violation';
            END
            $$
            """
        )
        _guard_deviations("ember_refuse_unless_redacted")
        return
    same = " AND ".join(f"NEW.{name} IS OLD.{name}" for name in _BESIDES_THE_TEXT)
    told = "SELECT 1 FROM redaction WHERE record_id = OLD.deviation_id"
    op.execute("DROP TRIGGER append_only_deviation_update")
    op.execute(
        "CREATE TRIGGER append_only_deviation_update BEFORE UPDATE ON deviation "
        f"WHEN NOT (NEW.description = '[redacted]' AND {same} AND EXISTS ({told})) "
        "BEGIN SELECT RAISE(ABORT, 'deviation is append-only'); END"
    )


def _let_nothing_be_redacted() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _guard_deviations("ember_refuse_change")
        op.execute("DROP FUNCTION ember_refuse_unless_redacted()")
        return
    op.execute("DROP TRIGGER append_only_deviation_update")
    op.execute(
        "CREATE TRIGGER append_only_deviation_update BEFORE UPDATE ON deviation "
        "BEGIN SELECT RAISE(ABORT, 'deviation is append-only'); END"
    )


def _guard_deviations(function: str) -> None:
    op.execute("DROP TRIGGER append_only ON deviation")
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON deviation "
        f"FOR EACH ROW EXECUTE FUNCTION {function}()"
    )


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
