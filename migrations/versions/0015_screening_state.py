"""Where each screening stands, so that nobody reads all revisions to count them.

Revision: 0015.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op


revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLE = "screening_state"
_STATUS = ("ineligible", "needs_data", "needs_human", "eligible")


def upgrade() -> None:
    """Make the table, and fill it from the revisions there are."""
    op.create_table(
        _TABLE,
        _text("screening_id", "Identity of the screening."),
        _text("trial", "Trial."),
        _text("domain", "Domain of the trial."),
        _text("site", "Site the patient is at."),
        _text("patient", "Pseudonym of the patient."),
        _number("revision", "Its latest revision."),
        _status("status", "The verdict of that revision."),
        _truth("window_open", "Whether the window was open then."),
        _moment("deadline", "End of the window by that revision, UTC."),
        _number("open_revision", "The latest with the window open.", nullable=True),
        _status("open_status", "The verdict of that one.", nullable=True),
        _truth("ever_needs_data", "Whether any with the window open said so."),
        _truth("ever_needs_human", "Whether any with the window open said so."),
        _truth("ever_eligible", "Whether any with the window open said so."),
        _moment("first_recorded_at", "When the first was recorded, UTC."),
        _moment("last_recorded_at", "When the last was recorded, UTC."),
        sa.PrimaryKeyConstraint("screening_id", name=op.f("pk_screening_state")),
        comment="Where each screening stands: what its revisions come to.",
    )
    op.execute(_FILL)
    op.create_index(op.f("ix_screening_state_site_patient"), _TABLE, _PERSON)
    op.create_index(op.f("ix_screening_state_flow"), _TABLE, _FLOW)
    is_open = sa.text("window_open")
    op.create_index(
        op.f("ix_screening_state_open"),
        _TABLE,
        ["deadline"],
        postgresql_where=is_open,
        sqlite_where=is_open,
    )


def downgrade() -> None:
    """Drop it; the revisions tell it all again."""
    op.drop_table(_TABLE)


_PERSON = ["site", "patient"]
_FLOW = [
    *("trial", "domain", "status"),
    *("ever_needs_data", "ever_needs_human", "ever_eligible"),
]
_FILL = """
INSERT INTO screening_state
SELECT k.screening_id, l.trial, l.domain, l.site, l.patient, k.last, l.status,
       l.window_open, l.deadline, k.open, h.status, k.needs_data = 1,
       k.needs_human = 1, k.eligible = 1, k.first_at, k.last_at
FROM (
    SELECT screening_id, MAX(revision) AS last,
           MAX(CASE WHEN window_open THEN revision END) AS open,
           MAX(CASE WHEN window_open AND status = 'needs_data'
               THEN 1 ELSE 0 END) AS needs_data,
           MAX(CASE WHEN window_open AND status = 'needs_human'
               THEN 1 ELSE 0 END) AS needs_human,
           MAX(CASE WHEN window_open AND status = 'eligible'
               THEN 1 ELSE 0 END) AS eligible,
           MIN(recorded_at) AS first_at, MAX(recorded_at) AS last_at
    FROM screening_revision GROUP BY screening_id
) k
JOIN screening_revision l ON l.screening_id = k.screening_id AND l.revision = k.last
LEFT JOIN screening_revision h
     ON h.screening_id = k.screening_id AND h.revision = k.open
"""


def _text(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, comment=comment)


def _number(name: str, comment: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable, comment=comment)


def _truth(name: str, comment: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False, comment=comment)


def _moment(name: str, comment: str) -> sa.Column[datetime]:
    kind = sa.DateTime(timezone=True)
    return sa.Column(name, kind, nullable=False, comment=comment)


def _status(name: str, comment: str, *, nullable: bool = False) -> sa.Column[str]:
    kind = sa.Enum(
        *_STATUS, name=name, native_enum=False, create_constraint=True, length=32
    )
    return sa.Column(name, kind, nullable=nullable, comment=comment)
