"""Which screenings were known at a moment, and as what.

Those not revised since, the settled, are as they are now, and are counted where they
lie; the others, few beside them, and whoever somebody may have spoken of are looked for
by who they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    union_all,
)

from registry.store.drawn_by import drawn_by
from registry.store.flow_parts import Within
from registry.store.repositories.bulk import all_of, portions
from registry.store.repositories.screening_state import by_revisions
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow, OptOutRow, ParticipantRow
from registry.store.rows.verdicts import ScreeningRow, ScreeningStateRow
from streams.vocabulary.messages import ScreeningStatus


Known = Row[*tuple[Any, ...]]
"""One screening as it was known at a moment."""

Seen = tuple[str, str, ScreeningStatus | None, bool, bool]
"""Trial, domain, status, is_open, candidate: what its verdicts alone tell of one."""


def seen_as(row: Known) -> Seen:
    """What that is of one."""
    return row.trial, row.domain, row.status, bool(row.is_open), bool(row.candidate)


def where_they_lie(
    connection: Connection, at: datetime, within: Within
) -> tuple[Counter[Seen], list[str]]:
    """How many of the settled are seen so; and which of the known were revised since.

    One look at all there are serves both.
    """
    state = ScreeningStateRow
    shape = _shape(state, at).add_columns(state.last_recorded_at.label("last"))
    known = shape.where(state.first_recorded_at <= at, *within.of(state)).subquery()
    of = known.c
    seen = (of.trial, of.domain, of.status, of.is_open, of.candidate)
    settled = func.count().filter(of.last <= at)
    revised = all_of(connection, of.thing).filter(of.last > at)
    query = select(*seen, settled.label("settled"), revised.label("revised"))
    found: Counter[Seen] = Counter()
    others: list[str] = []
    for row in connection.execute(query.group_by(*seen)):
        found[seen_as(row)] += row.settled
        others += row.revised or ()
    return found, others


def spoken_of(
    connection: Connection, at: datetime, within: Within
) -> Collection[Known]:
    """The settled ones who were randomised, and candidates of whom somebody may speak.

    They are few, and are looked for by who they are; each is told once.
    """
    state = ScreeningStateRow
    settled = settled_at(at, within)
    was_one = settled.where(or_(state.ever_eligible, state.ever_needs_human))
    answer, person, out = AnswerRow, ParticipantRow, OptOutRow
    takes_part = and_(
        person.site == state.site,
        person.patient == state.patient,
        person.trial == state.trial,
    )
    spoke = and_(out.site == state.site, out.patient == state.patient)
    asked = union_all(
        settled.where(state.screening_id.in_(drawn_screenings(at))),
        was_one.join(answer, answer.screening_id == state.screening_id),
        was_one.join(person, takes_part),
        was_one.join(out, spoke),
    )
    return {row.thing: row for row in connection.execute(asked).all()}.values()


def settled_at(at: datetime, within: Within) -> Select[*tuple[Any, ...]]:
    """Selects each screening (`thing`) that was not revised after `at`: as it is now.

    `status` and `open_revision` are of the last revision with the window open, null
    where there was none; `candidate` is whether any such was eligible or wanted a human.
    """
    row = ScreeningStateRow
    as_it_is = _shape(row, at)
    return as_it_is.where(row.last_recorded_at <= at, *within.of(row))


def revised_since(
    connection: Connection, at: datetime, moved: Collection[str]
) -> list[Known]:
    """These by their revisions until then.

    They are few, and no plan made before it is known who they are knows it.
    """
    row = ScreeningRow
    found: list[Known] = []
    for portion in portions(moved):
        mine = row.screening_id.in_(portion)
        then = by_revisions(row.recorded_at <= at, mine).subquery()
        found += connection.execute(_shape(then.c, at)).all()
    return found


def drawn_with(connection: Connection, at: datetime, within: Within) -> list[Known]:
    """Who was randomised, with the verdict it rests on; `open_revision` is not told."""
    drawn, row = RandomisationRow, ScreeningRow
    query = select(
        row.screening_id.label("thing"),
        drawn.trial,
        drawn.domain,
        drawn.site,
        drawn.patient,
        row.status,
        row.window_open.label("is_open"),
        literal(value=True).label("candidate"),
    ).join(row, row.message_id == drawn.screening_message_id)
    return list(connection.execute(query.where(drawn_by(at), *within.of(drawn))).all())


def drawn_screenings(at: datetime) -> Select[str]:
    """Selects the screenings that led to a randomisation."""
    drawn, row = RandomisationRow, ScreeningRow
    return (
        select(row.screening_id)
        .join(drawn, drawn.screening_message_id == row.message_id)
        .where(drawn_by(at))
    )


def _shape(of: Any, at: datetime) -> Select[*tuple[Any, ...]]:  # noqa: ANN401  a mapped class or columns
    return select(
        of.screening_id.label("thing"),
        of.trial,
        of.domain,
        of.site,
        of.patient,
        of.open_revision,
        of.open_status.label("status"),
        and_(of.window_open, of.deadline >= at).label("is_open"),
        or_(of.ever_eligible, of.ever_needs_human).label("candidate"),
    )
