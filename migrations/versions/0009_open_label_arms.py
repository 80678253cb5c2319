"""The arms of open-label domains, shown to whoever may read the rest.

Revision: 0009.
"""

from __future__ import annotations

from alembic import op


revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_SAID = "Arms of open-label domains; of a blinded domain it holds no row."


def upgrade() -> None:
    """Make the view; by its owner's rights it reads what its readers may not."""
    sealed = "sealed.assignment" if _postgresql() else "sealed_assignment"
    barrier = " WITH (security_barrier)" if _postgresql() else ""
    truth = "NOT r.blinded" if _postgresql() else "r.blinded = 0"
    op.execute(
        f"CREATE VIEW open_label_arm{barrier} AS "
        "SELECT a.randomisation_id, a.arm "
        f"FROM {sealed} a JOIN randomisation r "
        f"ON r.randomisation_id = a.randomisation_id WHERE {truth}"
    )
    if _postgresql():
        op.execute(f"COMMENT ON VIEW open_label_arm IS '{_SAID}'")
    op.create_index(
        op.f("ix_randomisation_participant"), "randomisation", ["participant"]
    )
    op.create_index(op.f("ix_delegation_trial_site"), "delegation", ["trial", "site"])


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_delegation_trial_site"), "delegation")
    op.drop_index(op.f("ix_randomisation_participant"), "randomisation")
    op.execute("DROP VIEW open_label_arm")


def _postgresql() -> bool:
    return op.get_context().dialect.name == "postgresql"
