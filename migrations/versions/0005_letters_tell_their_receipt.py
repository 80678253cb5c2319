"""A dead letter keeps what its record told of its receipt, so that it goes out with it.

Revision: 0005.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; letters from before have nothing in it."""
    op.add_column(
        "dead_letter",
        sa.Column(
            "headers",
            sa.Text(),
            comment="What the record told of its receipt, JSON; null where it told "
            "nothing.",
        ),
    )


def downgrade() -> None:
    """Drop it; letters go out again without what was in it."""
    op.drop_column("dead_letter", "headers")
