"""Every method of allocation: vectors, pauses, and what each draw rested on.

Revision: 0008.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op


revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WORDS = (
    (
        "is_open",
        sa.Boolean(),
        "Whether it recruits.",
        "Whether the protocol has it recruit.",
    ),
    (
        "design",
        sa.Text(),
        "Arms, ratio and block sizes as JSON.",
        "Arms, ratio and method as JSON.",
    ),
)


def upgrade() -> None:
    """Add columns and tables; what was drawn before has neither state nor vector."""
    op.add_column(
        "randomisation",
        sa.Column(
            "vector_id",
            sa.Text(),
            nullable=True,
            comment="Allocation vector it was drawn by.",
        ),
    )
    state = sa.Column(
        "state",
        sa.Text(),
        nullable=True,
        comment="What the draw rested on, to repeat it; JSON.",
    )
    if _postgresql():
        op.add_column("assignment", state, schema="sealed")
        for name, kind, before, after in _WORDS:
            _say(name, kind, before, after)
    else:
        op.add_column("sealed_assignment", state)
    _make_vectors()
    _make_pauses()
    _make_exclusions()
    _only_append("allocation_vector")
    _only_append("recruitment_pause")
    _only_append("allocation_exclusion")


def downgrade() -> None:
    """Take it back; what is paused recruits again, and draws are repeated no more."""
    op.drop_table("allocation_exclusion")
    op.drop_table("recruitment_pause")
    op.drop_table("allocation_vector")
    if _postgresql():
        op.drop_column("assignment", "state", schema="sealed")
        for name, kind, before, after in _WORDS:
            _say(name, kind, after, before)
    else:
        op.drop_column("sealed_assignment", "state")
    op.drop_column("randomisation", "vector_id")


def _postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"


def _say(name: str, kind: sa.types.TypeEngine[Any], before: str, after: str) -> None:
    op.alter_column(
        "trial_domain",
        name,
        existing_type=kind,
        existing_nullable=False,
        existing_comment=before,
        comment=after,
    )


def _text(name: str, comment: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), nullable=nullable, comment=comment)


def _moment(name: str, comment: str) -> sa.Column[Any]:
    return sa.Column(
        name, sa.DateTime(timezone=True), nullable=False, comment=comment
    )


def _make_vectors() -> None:
    op.create_table(
        "allocation_vector",
        _text("vector_id", "Identity."),
        _text("trial", "Trial."),
        _text("domain", "Domain."),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="Number in the domain, in order of publication.",
        ),
        _text("stratum", "Stratum it is for; null for every one.", nullable=True),
        _text("design", "Identity of the design it fits."),
        _text("shares", "Arm and share in billionths, JSON."),
        _text("p_best", "Arm and probability of being best, JSON.", nullable=True),
        _text("analysis_id", "Analysis it is from."),
        _moment("data_cut", "Data cut of the analysis, UTC."),
        _text("limits", "Limits applied, JSON."),
        _text("published_by", "Who published it."),
        _moment("published_at", "When it was published, UTC."),
        sa.PrimaryKeyConstraint("vector_id", name=op.f("pk_allocation_vector")),
        sa.UniqueConstraint(
            "trial",
            "domain",
            "revision",
            name=op.f("uq_allocation_vector_trial_domain_revision"),
        ),
        comment="Published shares of response-adaptive arms; the last one is drawn by.",
    )


def _make_pauses() -> None:
    op.create_table(
        "recruitment_pause",
        _text("pause_id", "Identity of the revision."),
        _text("trial", "Trial."),
        _text("site", "Site; empty where a domain or arm is meant."),
        _text("domain", "Domain; empty where a site is meant."),
        _text("arm", "Arm; empty where all of the domain or site is meant."),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="Number of the revision."
        ),
        sa.Column(
            "paused",
            sa.Boolean(),
            nullable=False,
            comment="False where it was resumed.",
        ),
        _text("reason", "Why."),
        _text("actor", "Who."),
        _moment("at", "When, UTC."),
        sa.PrimaryKeyConstraint("pause_id", name=op.f("pk_recruitment_pause")),
        sa.UniqueConstraint(
            "trial",
            "site",
            "domain",
            "arm",
            "revision",
            name=op.f("uq_recruitment_pause_trial_site_domain_arm_revision"),
        ),
        comment="What of a trial is paused, revision by revision; the latest counts.",
    )


def _make_exclusions() -> None:
    op.create_table(
        "allocation_exclusion",
        _text("randomisation_id", "Whose allocation."),
        _text("trial", "Trial."),
        _text("site", "Site."),
        _text("domain", "Domain."),
        sa.Column(
            "from_no",
            sa.Integer(),
            nullable=False,
            comment="Number of the domain from which on it does not count.",
        ),
        _text("reason", "Why."),
        _text("actor", "Who recorded it."),
        _moment("at", "When, UTC."),
        sa.ForeignKeyConstraint(
            ["randomisation_id"],
            ["randomisation.randomisation_id"],
            name=op.f("fk_allocation_exclusion_randomisation_id_randomisation"),
        ),
        sa.PrimaryKeyConstraint(
            "randomisation_id", name=op.f("pk_allocation_exclusion")
        ),
        comment="Allocations made in error, which minimisation counts no more.",
    )


def _only_append(table: str) -> None:
    """Triggers that refuse UPDATE, DELETE and TRUNCATE."""
    if _postgresql():
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
