"""Stock by arm, for the logins of who may know what kits hold.

Revision: 0019.
"""

from __future__ import annotations

from alembic import op


revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_SEEN = """
    CREATE VIEW seen.stock_by_arm WITH (security_barrier) AS
    SELECT stands.trial, stands.domain, stands.site, held.arm, stands.state,
        label.expires_on, count(*) AS kits
    FROM public.kit_stock AS stands
    JOIN public.kit AS label USING (kit)
    JOIN sealed.kit_content AS held USING (kit)
    WHERE EXISTS (
        SELECT FROM public.ember_scope(
            ARRAY['custodian', 'unblinded_statistician']
        ) AS held_there
        WHERE held_there.site IN ('*', stands.site)
            AND held_there.trial IN ('*', stands.trial)
    )
    GROUP BY 1, 2, 3, 4, 5, 6
"""


def upgrade() -> None:
    """Make the view; SQLite has none that outlasts a transaction."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_SEEN)


def downgrade() -> None:
    """Take it back; nothing is lost."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP VIEW seen.stock_by_arm")
