"""Where each screening stands, kept in the transaction that records its revisions.

What it says follows from the revisions alone, in whatever order they came: it spares
reading ten of them to count one.  `ember audit verify` holds it against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Label,
    Select,
    Subquery,
    Text,
    and_,
    bindparam,
    case,
    except_,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from registry.store.rows.verdicts import ScreeningRow, ScreeningStateRow
from registry.usecases.records import Stamp
from streams.vocabulary.messages import TrialScreening


def follow(
    connection: Connection, said: Sequence[TrialScreening], stamp: Stamp
) -> None:
    """Let the state be what these revisions and those before them come to.

    Screenings are taken in one order everywhere, so that no two transactions wait for
    each other.
    """
    in_order = sorted(said, key=lambda one: (one.screening_id, one.revision))
    told = [_alone(one, stamp) for one in in_order]
    connection.execute(_upsert(connection.dialect.name), told)


def misstated(connection: Connection, *, site: str, trial: str) -> int:
    """How many screenings of this chain have another state than their revisions say."""
    there = {"at_site": site, "in_trial": trial}
    return connection.scalar(_differing(), there) or 0


@cache
def _differing() -> Select[int]:
    """Counts them, of `at_site` and `in_trial`."""
    site = bindparam("at_site", type_=Text())
    trial = bindparam("in_trial", type_=Text())
    state, row = ScreeningStateRow, ScreeningRow
    kept = select(*_COLUMNS).where(state.site == site, state.trial == trial)
    true = by_revisions(row.site == site, row.trial == trial)
    differing = union_all(
        select(except_(kept, true).subquery().c.screening_id),
        select(except_(true, kept).subquery().c.screening_id),
    ).subquery()
    return select(func.count(differing.c.screening_id.distinct()))


def by_revisions(*within: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The state of each screening, worked out from those of its revisions."""
    known, last, held = _known(*within), aliased(ScreeningRow), aliased(ScreeningRow)
    told = {
        "revision": known.c.last,
        "open_revision": known.c.open,
        "open_status": held.status,
        "first_recorded_at": known.c.first_recorded_at,
        "last_recorded_at": known.c.last_recorded_at,
        **{name: known.c[name] == 1 for name in _EVER},
    }
    columns: list[Label[Any]] = [
        (told[c.key] if c.key in told else getattr(last, c.key)).label(c.key)
        for c in _COLUMNS
    ]
    return (
        select(*columns)
        .select_from(known)
        .join(
            last,
            and_(last.screening_id == known.c.thing, last.revision == known.c.last),
        )
        .outerjoin(
            held,
            and_(held.screening_id == known.c.thing, held.revision == known.c.open),
        )
    )


_EVER = {
    "ever_needs_data": "needs_data",
    "ever_needs_human": "needs_human",
    "ever_eligible": "eligible",
}
_COLUMNS = list(ScreeningStateRow.__table__.columns)


def _known(*within: ColumnElement[bool]) -> Subquery:
    """Of each screening (`thing`) what its revisions add up to."""
    row = ScreeningRow
    ever = [
        func.max(case((and_(row.window_open, row.status == said), 1), else_=0))
        for said in _EVER.values()
    ]
    return (
        select(
            row.screening_id.label("thing"),
            func.max(row.revision).label("last"),
            func.max(case((row.window_open, row.revision))).label("open"),
            func.min(row.recorded_at).label("first_recorded_at"),
            func.max(row.recorded_at).label("last_recorded_at"),
            *(told.label(name) for told, name in zip(ever, _EVER, strict=True)),
        )
        .where(*within)
        .group_by(row.screening_id)
        .subquery()
    )


def _alone(said: TrialScreening, stamp: Stamp) -> dict[str, Any]:
    """The state of a screening of which nothing else was said."""
    is_open = said.window_open
    return {
        "screening_id": said.screening_id,
        "trial": said.trial,
        "domain": said.domain,
        "site": said.site,
        "patient": said.patient,
        "revision": said.revision,
        "status": said.status,
        "window_open": is_open,
        "deadline": said.deadline,
        "open_revision": said.revision if is_open else None,
        "open_status": said.status if is_open else None,
        "first_recorded_at": stamp.recorded_at,
        "last_recorded_at": stamp.recorded_at,
        **{name: is_open and said.status == status for name, status in _EVER.items()},
    }


@cache
def _upsert(dialect: str) -> Any:  # noqa: ANN401  an INSERT of that database
    """Each column takes what the later revision says, or what either of both does."""
    insert_of = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert_of(ScreeningStateRow)
    kept, new = ScreeningStateRow, statement.excluded
    later = new.revision > kept.revision
    later_open = or_(
        kept.open_revision.is_(None), new.open_revision > kept.open_revision
    )
    opens = and_(new.open_revision.is_not(None), later_open)
    earliest = new.first_recorded_at < kept.first_recorded_at
    latest = new.last_recorded_at > kept.last_recorded_at
    takes = {
        **dict.fromkeys(("revision", "status", "window_open", "deadline"), later),
        **dict.fromkeys(("open_revision", "open_status"), opens),
        "first_recorded_at": earliest,
        "last_recorded_at": latest,
    }
    become = {
        name: case((when, new[name]), else_=getattr(kept, name))
        for name, when in takes.items()
    }
    ever = {name: or_(getattr(kept, name), new[name]) for name in _EVER}
    return statement.on_conflict_do_update(
        index_elements=["screening_id"], set_=become | ever
    )
