"""What acts over several domains answered; only ever appended.

Revision: 0012.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_ANSWERS = (
    *("drawn", "drawn_before", "not_eligible", "excluded", "too_late"),
    *("no_consent", "paused", "no_stock", "waiting", "shut"),
)


def upgrade() -> None:
    """Make the table."""
    _make_answers()


def downgrade() -> None:
    """Take it back; what was drawn stays drawn."""
    op.drop_table("domain_answer")


def _make_answers() -> None:
    op.create_table(
        "domain_answer",
        _text("answer_id", "Identity."),
        _text("act", "Names the act and its repeats."),
        _text("trial", "Trial."),
        _text("site", "Site."),
        _text("patient", "Pseudonym of the patient."),
        _text(
            "participant", "Participant; null of whom nobody asked.", nullable=True
        ),
        _text("episode", "Hospital stay."),
        _text("domain", "Domain."),
        _text("asked", "Domains that were named; empty for all of the trial."),
        _one_of("answer", _ANSWERS, "What became of the domain."),
        _text("obstacles", "Code, name and detail of what stood in the way, JSON."),
        _text(
            "availability",
            "Each arm, whether it was available, whether the patient was eligible; "
            "JSON.",
        ),
        _text("randomisation_id", "What was drawn, now or before.", nullable=True),
        _text("actor", "Who asked."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("answer_id", name=op.f("pk_domain_answer")),
        sa.UniqueConstraint("act", "domain", name=op.f("uq_domain_answer_act_domain")),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_domain_answer_randomisation_id_randomisation"),
        ),
        comment="What an act over several domains answered for each, whether drawn or "
        "not.",
    )
    op.create_index(
        op.f("ix_domain_answer_trial_domain"), "domain_answer", ["trial", "domain"]
    )
    _only_append("domain_answer")


def _text(name: str, comment: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


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
