"""The arms of everybody, for who may know them."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.exc import ProgrammingError

from registry.store.listings import ArmView
from registry.store.rows.allocation import RandomisationRow
from registry.store.seeing import ANY_ARMS
from streams.vocabulary.errors import ErrorCode, Refused


def arms_seen(connection: Connection, trial: str | None) -> tuple[ArmView, ...]:
    """The arms that a person's snapshot shows, of blinded domains too.

    Raises `Refused` EMB-399 where the login is none of `ember_unblinded`.
    """
    drawn = RandomisationRow
    query = select(
        drawn.participant, drawn.trial, drawn.site, drawn.domain, ANY_ARMS.c.arm
    ).join(ANY_ARMS, ANY_ARMS.c.randomisation_id == drawn.randomisation_id)
    if trial is not None:
        query = query.where(drawn.trial == trial)
    order = (drawn.trial, drawn.domain, drawn.participant)
    try:
        rows = connection.execute(query.order_by(*order)).mappings().all()
    except ProgrammingError:
        raise Refused(
            ErrorCode.ROLES_NOT_KEPT,
            "This login may read no arm of a blinded domain.",
            "Log in as yourself, as one of `ember_unblinded`.",
        ) from None
    return tuple(ArmView(**row) for row in rows)
