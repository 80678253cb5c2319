"""What people say of outcomes, and departures from the protocol; both only grow.

Revision: 0010.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_JUDGED_AS = ("adjudicated", "corrected", "taken_back")
_KINDS = (
    *("eligibility", "consent", "allocation", "treatment"),
    *("assessment", "safety_reporting", "other"),
)


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "judged_outcome",
        _text("judgement_id", "Identity of the judgement."),
        _text("outcome_id", "Outcome that was judged."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("outcome", "Which outcome."),
        _number("number", "Number of the judgement of this outcome."),
        _number("of_revision", "Derived revision that was judged."),
        _one_of("judged_as", _JUDGED_AS, "How it was judged."),
        sa.Column(
            "value",
            sa.Double(),
            nullable=True,
            comment="Value; none where nobody can say.",
        ),
        _text("reason", "Why."),
        _text("actor", "Who said so."),
        _moment("decided_at", "When it was decided, UTC."),
        _moment("recorded_at", "When it was recorded, UTC."),
        sa.PrimaryKeyConstraint("judgement_id", name=op.f("pk_judged_outcome")),
        sa.UniqueConstraint(
            "outcome_id", "number", name=op.f("uq_judged_outcome_outcome_id_number")
        ),
        comment="What humans say of outcomes, beside what is derived; the latest counts.",
    )
    op.create_table(
        "deviation",
        _text("deviation_id", "Identity of the deviation."),
        _text("site", "Site."),
        _text("trial", "Trial."),
        _text("participant", "Participant."),
        _text("domain", "Domain; empty for the trial as a whole."),
        _number("number", "Running number of the participant's deviations."),
        _one_of("kind", _KINDS, "What was not done as written."),
        sa.Column(
            "important",
            sa.Boolean(),
            nullable=False,
            comment="Whether it may affect safety or the result.",
        ),
        _moment("happened_at", "When it happened, UTC."),
        _text("description", "What happened, in words that name nobody."),
        _text("actor", "Who recorded it."),
        _moment("recorded_at", "When it was recorded, UTC."),
        sa.PrimaryKeyConstraint("deviation_id", name=op.f("pk_deviation")),
        sa.UniqueConstraint(
            "participant", "number", name=op.f("uq_deviation_participant_number")
        ),
        comment="Departures from the protocol.",
    )
    op.create_index(op.f("ix_deviation_site_trial"), "deviation", ["site", "trial"])
    _only_append("judged_outcome")
    _only_append("deviation")


def downgrade() -> None:
    """Take both back; what people said of outcomes is lost."""
    op.drop_table("deviation")
    op.drop_table("judged_outcome")


def _text(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _number(name: str, comment: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False, comment=comment)


def _moment(name: str, comment: str) -> sa.Column[datetime]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False, comment=comment)


def _one_of(name: str, members: tuple[str, ...], comment: str) -> sa.Column[str]:
    kind = sa.Enum(
        *members, name=name, native_enum=False, create_constraint=True, length=32
    )
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
