"""Versions of facts may be moments in milliseconds: they need 64 bits.

Revision: 0004.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Widen the column; on SQLite every integer has 64 bits already."""
    _become(sa.BigInteger())


def downgrade() -> None:
    """Narrow it again; fails where a version is larger than 32 bits."""
    _become(sa.Integer())


def _become(wanted: sa.types.TypeEngine[int]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("clinical_event", "version", type_=wanted)
