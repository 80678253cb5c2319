"""Which trials a registry has heard of, as far as who reads may see what names them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, exists, func, select

from registry.store.rows.audit import AuditHeadRow
from registry.store.rows.kits import KitStockRow
from registry.store.rows.people import ParticipantRow
from registry.store.rows.sites import DelegationRow, GreenLightRow
from registry.store.rows.trial import ProtocolRow
from registry.store.rows.verdicts import OutcomeRow, ScreeningStateRow


_FIRST = (ProtocolRow, ScreeningStateRow)
"""What most trials are first heard of by."""
_ALSO = (
    ParticipantRow,
    OutcomeRow,
    DelegationRow,
    GreenLightRow,
    KitStockRow,
    AuditHeadRow,
)
"""Some of it is on record before there is a protocol."""


def is_heard_of(connection: Connection, trial: str) -> bool:
    """Whether anything that is seen names this trial."""
    rows = (row for row in (*_FIRST, *_ALSO) if _may_read(connection, row))
    return any(
        connection.scalar(select(exists().where(row.trial == trial))) for row in rows
    )


def trials_heard_of(connection: Connection) -> frozenset[str]:
    """The trials of the protocols and screenings that are seen."""
    rows = (row for row in _FIRST if _may_read(connection, row))
    named = (select(row.trial).distinct() for row in rows)
    return frozenset(trial for query in named for trial in connection.scalars(query))


def _may_read(connection: Connection, row: type[Any]) -> bool:
    """Whether this login may; the signer's may not read what is of patients."""
    if connection.dialect.name != "postgresql":
        return True
    told = func.has_column_privilege(row.__tablename__, "trial", "SELECT")
    return bool(connection.scalar(select(told)))
