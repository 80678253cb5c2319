"""Requests and the numbers of strata, held against the randomisations on record."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, Select, Text, and_, bindparam, func, select

from registry.domain.stratum import counted_in, is_of_sealed_list
from registry.store.rows.allocation import AllocatorRow, RandomisationRow, RequestRow


Stratum = tuple[str, str]
"""Domain, and the stratum whose numbers are given."""
Standing = tuple[int, str, int]
"""The next number, the schedule, and the number at which that took over."""

_UNTOUCHED: Standing = (1, "", 1)


def requests_misstated(connection: Connection, trial: str) -> int:
    """Requests without their randomisation, and the other way round."""
    asked = {"of_trial": trial}
    return sum(connection.scalar(query, asked) or 0 for query in _unmatched())


def strata_misstated(connection: Connection, trial: str) -> int:
    """Strata that do not stand where what was drawn in them put them."""
    kept, drawn = _kept(connection, trial), _drawn(connection, trial)
    return sum(
        kept.get(one, _UNTOUCHED) != drawn.get(one, _UNTOUCHED)
        for one in kept.keys() | drawn.keys()
    )


def _kept(connection: Connection, trial: str) -> dict[Stratum, Standing]:
    row = AllocatorRow
    stands = (row.next_no, row.schedule, row.schedule_first_no)
    query = select(row.domain, row.stratum, *stands).where(row.trial == trial)
    return {
        (domain, stratum): (number, schedule, first)
        for domain, stratum, number, schedule, first in connection.execute(query)
    }


def _drawn(connection: Connection, trial: str) -> dict[Stratum, Standing]:
    """By the last number of each stratum; pages of sealed lists use none of them."""
    row = RandomisationRow
    query = (
        select(
            row.domain,
            row.stratum,
            row.sequence_no,
            row.schedule,
            row.schedule_first_no,
        )
        .where(row.trial == trial)
        .order_by(row.sequence_no)
    )
    return {
        (domain, counted_in(stratum)): (number + 1, schedule, first)
        for domain, stratum, number, schedule, first in connection.execute(query)
        if not is_of_sealed_list(stratum)
    }


@cache
def _unmatched() -> tuple[Select[int], Select[int]]:
    """Counts both, of `of_trial`."""
    asked, drawn = RequestRow, RandomisationRow
    trial = bindparam("of_trial", type_=Text())
    one = and_(
        asked.idempotency_key == drawn.idempotency_key,
        asked.trial == drawn.trial,
        asked.domain == drawn.domain,
        asked.participant == drawn.participant,
        asked.requested_by == drawn.randomised_by,
        asked.requested_at == drawn.randomised_at,
    )
    led_to_none = select(func.count()).select_from(asked).outerjoin(drawn, one)
    of_none = select(func.count()).select_from(drawn).outerjoin(asked, one)
    return (
        led_to_none.where(asked.trial == trial, drawn.randomisation_id.is_(None)),
        of_none.where(drawn.trial == trial, asked.idempotency_key.is_(None)),
    )
