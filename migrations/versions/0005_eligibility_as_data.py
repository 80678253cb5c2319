"""What eligibility as data needs: who answered, opt-outs, holds, eligible arms.

Revision: 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_HELD = "Why this patient is not called about."
_ADDED = (
    ("human_answer", "answered_as", sa.Text(), "In which capacity."),
    (
        "human_answer",
        "machine_truth",
        sa.Text(),
        "What the machine said in that revision.",
    ),
    (
        "randomisation",
        "availability",
        sa.Text(),
        "Each arm, whether it was available, whether the patient was eligible; JSON.",
    ),
    ("alert", "held_back", sa.String(32), _HELD),
    ("alert_event", "held_back", sa.String(32), _HELD),
)


def upgrade() -> None:
    """Add columns and the table of opt-outs, which only grows."""
    for table, name, kind, comment in _ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=True, comment=comment))
    _make_opt_outs()
    _only_append("opt_out")


def downgrade() -> None:
    """Take it back; who opted out is forgotten, and may be called again."""
    op.drop_table("opt_out")
    for table, name, _, _ in reversed(_ADDED):
        op.drop_column(table, name)


def _make_opt_outs() -> None:
    op.create_table(
        "opt_out",
        sa.Column(
            "opt_out_id",
            sa.Text(),
            nullable=False,
            comment="Identity of the revision.",
        ),
        sa.Column("site", sa.Text(), nullable=False, comment="Site."),
        sa.Column(
            "patient", sa.Text(), nullable=False, comment="Pseudonym of the patient."
        ),
        sa.Column(
            "trial",
            sa.Text(),
            nullable=False,
            comment="Trial; empty for all research.",
        ),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="Number of the revision."
        ),
        sa.Column(
            "stands",
            sa.Boolean(),
            nullable=False,
            comment="False where it was taken back.",
        ),
        sa.Column(
            "decided_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was decided, UTC.",
        ),
        sa.Column(
            "recorded_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="When it was recorded, UTC.",
        ),
        sa.Column("actor", sa.Text(), nullable=False, comment="Who recorded it."),
        sa.Column(
            "reason", sa.Text(), nullable=True, comment="Reason, where one was told."
        ),
        sa.PrimaryKeyConstraint("opt_out_id", name=op.f("pk_opt_out")),
        sa.UniqueConstraint(
            "site",
            "patient",
            "trial",
            "revision",
            name=op.f("uq_opt_out_site_patient_trial_revision"),
        ),
        comment="Who wants no part in a trial, or in any research; the latest counts.",
    )


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
