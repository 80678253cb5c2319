"""What only the unblinded are shown: blinded arms, words that name one, stock by arm."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select
from sqlalchemy.exc import ProgrammingError

from registry.domain.kit import KitState
from registry.store.listings import ArmStockView, ArmView, UnblindingNoteView
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.unblindings import UnblindingRow
from registry.store.seeing import ANY_ARMS, SEEN_NOTES, SEEN_STOCK
from streams.vocabulary.errors import ErrorCode, Refused


def arms(connection: Connection, trial: str | None) -> tuple[ArmView, ...]:
    """The arm of everybody, in a transaction of a person who may see them.

    Raises `Refused` EMB-399 where the login is none of `ember_unblinded`.
    """
    drawn, held = RandomisationRow, ANY_ARMS
    query = select(
        drawn.participant, drawn.trial, drawn.site, drawn.domain, held.c.arm
    ).join(held, held.c.randomisation_id == drawn.randomisation_id)
    if trial is not None:
        query = query.where(drawn.trial == trial)
    order = (drawn.trial, drawn.domain, drawn.participant)
    return tuple(ArmView(**row) for row in _read(connection, query.order_by(*order)))


def unblinding_notes(
    connection: Connection, trial: str | None
) -> tuple[UnblindingNoteView, ...]:
    """Why blinds were broken, in words; raises as `arms` does."""
    broken, kept = UnblindingRow, SEEN_NOTES
    place = (broken.participant, broken.trial, broken.site, broken.domain)
    query = select(*place, broken.number, broken.reason, kept.c.note).join(
        kept, kept.c.unblinding_id == broken.unblinding_id
    )
    if trial is not None:
        query = query.where(broken.trial == trial)
    rows = _read(connection, query.order_by(broken.at, broken.unblinding_id))
    return tuple(UnblindingNoteView(**row) for row in rows)


def stock_by_arm(connection: Connection, trial: str) -> tuple[ArmStockView, ...]:
    """How many kits of each arm stand where; raises as `arms` does."""
    stands = SEEN_STOCK.c
    query = select(SEEN_STOCK).where(stands.trial == trial)
    rows = _read(connection, query.order_by(*stands))
    return tuple(
        ArmStockView(**{**row, "state": KitState(row["state"])}) for row in rows
    )


def _read(
    connection: Connection, query: Select[*tuple[Any, ...]]
) -> tuple[RowMapping, ...]:
    try:
        return tuple(connection.execute(query).mappings())
    except ProgrammingError:
        raise Refused(
            ErrorCode.ROLES_NOT_KEPT,
            "This login may read no arm of a blinded domain.",
            "Log in as yourself, as one of `ember_unblinded`.",
        ) from None
