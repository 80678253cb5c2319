"""Who has which role where; on PostgreSQL, what a person's rights are worked out from.

Revision: 0014.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ROLES = (
    *("coordinator", "investigator", "pharmacist", "blinded_statistician"),
    *("unblinded_statistician", "dsmb", "monitor", "site_admin", "auditor"),
)


def upgrade() -> None:
    """Make the table; on PostgreSQL, the functions and views that rights rest on."""
    op.create_table(
        "role_grant",
        _text("grant_id", "Identity of the revision."),
        _text("entry", "Identity of the grant."),
        sa.Column(
            "revision", sa.Integer(), nullable=False, comment="Number of the revision."
        ),
        _text("person", "To whom; also the name of a database login of theirs."),
        sa.Column(
            "role",
            sa.Enum(
                *_ROLES,
                name=op.f("ck_role_grant_role"),
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            comment="Role.",
        ),
        _text("site", "Site; * for every one."),
        _text("trial", "Trial; * for every one."),
        _moment("starts_at", "From when, UTC."),
        _moment("ends_at", "First moment it holds no more, UTC.", nullable=True),
        _moment("recorded_at", "When it was recorded, UTC."),
        _text("actor", "Who granted or revoked it."),
        _text("reason", "Why."),
        sa.PrimaryKeyConstraint("grant_id", name=op.f("pk_role_grant")),
        sa.UniqueConstraint(
            "entry", "revision", name=op.f("uq_role_grant_entry_revision")
        ),
        comment="Who has which role where; the highest revision of an entry counts.",
    )
    op.create_index(op.f("ix_role_grant_person"), "role_grant", ["person"])
    _only_append("role_grant")
    if op.get_bind().dialect.name == "postgresql":
        for statement in (_WHOSE, _SCOPE, _UNTOLD, *_SEEN):
            op.execute(statement)


def downgrade() -> None:
    """Take it back; the grants are lost, and their rows of the audit dangle.

    Policies go with what they rest on: without them a person's login sees nothing.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA seen CASCADE")
        op.execute("DROP FUNCTION ember_untold() CASCADE")
        op.execute("DROP FUNCTION ember_scope(text[]) CASCADE")
        op.execute("DROP FUNCTION ember_whose() CASCADE")
    op.drop_table("role_grant")


_WHOSE = """
    CREATE FUNCTION ember_whose() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT CASE
            WHEN pg_has_role(session_user, to_regrole('ember_registry')::oid, 'MEMBER')
                OR pg_has_role(session_user, to_regrole('ember_reader')::oid, 'MEMBER')
            THEN nullif(current_setting('ember.person', true), '')
            ELSE session_user::text
        END
    $$
"""
"""Who asks: the login, which nobody can change; of a process that may read all anyway,
whom it says it reads for."""

_SCOPE = """
    CREATE FUNCTION ember_scope(wanted text[]) RETURNS TABLE (site text, trial text)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
        SELECT given.site, given.trial FROM role_grant AS given
        WHERE given.person = ember_whose()
            AND given.role = ANY (wanted)
            AND given.starts_at <= statement_timestamp()
            AND (given.ends_at IS NULL OR given.ends_at > statement_timestamp())
            AND NOT EXISTS (
                SELECT FROM role_grant AS later
                WHERE later.entry = given.entry AND later.revision > given.revision
            )
    $$
"""

_UNTOLD = """
    CREATE FUNCTION ember_untold()
    RETURNS TABLE (trial text, outcome text, to_all boolean)
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
        WITH given AS (
            SELECT version.trial, told ->> 'id' AS outcome, told ->> 'domain' AS domain
            FROM protocol_version AS version
            CROSS JOIN LATERAL jsonb_array_elements(
                CASE jsonb_typeof(version.document::jsonb -> 'outcomes')
                    WHEN 'array' THEN version.document::jsonb -> 'outcomes'
                    ELSE '[]'::jsonb
                END
            ) AS told
            WHERE jsonb_typeof(told) = 'object'
                AND told ->> 'kind' = 'treatment_received'
        ), hidden AS (
            SELECT of.trial, of.domain FROM trial_domain AS of WHERE of.blinded
            UNION
            SELECT drawn.trial, drawn.domain FROM randomisation AS drawn
            WHERE drawn.blinded
        )
        SELECT given.trial, given.outcome, bool_or(EXISTS (
            SELECT FROM hidden
            WHERE hidden.trial = given.trial
                AND (given.domain IS NULL OR given.domain = hidden.domain)
        ))
        FROM given GROUP BY given.trial, given.outcome
    $$
"""
"""Outcomes that tell what was given; to nobody, where a blinded domain is meant."""

_SEEN = (
    "CREATE SCHEMA seen",
    """
    CREATE VIEW seen.open_label_arm WITH (security_barrier) AS
    SELECT arms.randomisation_id, arms.arm
    FROM public.open_label_arm AS arms
    JOIN public.randomisation AS drawn USING (randomisation_id)
    WHERE EXISTS (
        SELECT FROM public.ember_scope(ARRAY[
            'coordinator', 'investigator', 'pharmacist',
            'unblinded_statistician', 'dsmb'
        ]) AS held
        WHERE held.site IN ('*', drawn.site) AND held.trial IN ('*', drawn.trial)
    )
    """,
    """
    CREATE VIEW seen.any_arm WITH (security_barrier) AS
    SELECT arms.randomisation_id, arms.arm
    FROM sealed.assignment AS arms
    JOIN public.randomisation AS drawn USING (randomisation_id)
    WHERE EXISTS (
        SELECT FROM public.ember_scope(ARRAY['unblinded_statistician', 'dsmb']) AS held
        WHERE held.site IN ('*', drawn.site) AND held.trial IN ('*', drawn.trial)
    )
    """,
)
"""What a person sees of arms, in place of what processes see."""


def _text(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _moment(name: str, comment: str, *, nullable: bool = False) -> sa.Column[datetime]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=nullable, comment=comment)


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
