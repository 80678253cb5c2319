"""The flow of each domain at any moment, by what had been recorded until then.

A verdict counts from its `recorded_at`, a word of consent and an opt-out from theirs,
a randomisation from `randomised_at`, an answer from when it was signed, an alert's
step from when it was taken.
Nothing recorded later changes what is told of a moment.
Screenings that never were candidates are counted where they lie; the others, few
beside them, are read one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from registry.domain.consent import Standing
from registry.domain.consent_terms import NOT_ASKED, Recorded
from registry.domain.flow import Box, Course, boxes, exit_of
from registry.store.drawn_by import drawn_by
from registry.store.flow_parts import (
    arms,
    outcomes_told,
    primary_reason,
    touched,
    unblinded,
)
from registry.store.listings import FlowAtView, OutcomeFlow
from registry.store.open_windows import ruled_out_by_answer
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.verdicts import ScreeningRow
from registry.store.worklists import opted_out, stands
from streams.vocabulary.messages import TRIAL_SCREENING, decode


_PORTION = 5_000
Place = tuple[str, str]
"""Trial and domain."""


@dataclass(frozen=True, slots=True)
class Within:
    """Which trial and domain are asked about; None: all."""

    trial: str | None = None
    domain: str | None = None

    def of(self, row: Any) -> tuple[ColumnElement[bool], ...]:  # noqa: ANN401  a mapped class or its alias
        """The conditions on a table with both columns."""
        asked = {"trial": self.trial, "domain": self.domain}
        return tuple(
            getattr(row, name) == value
            for name, value in asked.items()
            if value is not None
        )


def flow_at(
    connection: Connection,
    at: datetime,
    *,
    within: Within,
    reasons: bool = False,
    may_see_arms: bool = False,
) -> tuple[FlowAtView, ...]:
    """A row a domain in which anybody had been assessed at `at`."""
    told: dict[Place, _Told] = defaultdict(_Told)
    for place, course, number in _never_candidates(connection, at, within):
        told[place].ends[exit_of(course)] += number
    for place, course in _one_by_one(connection, at, within):
        told[place].ends[exit_of(course)] += 1
        told[place].standing[course.standing] += course.randomised
    if reasons:
        for place, reason in _reasons(connection, at, within):
            told[place].reasons[reason] += 1
    alerted, answered = touched(connection, at, within.of(ScreeningRow))
    shown = arms(connection, at) if may_see_arms else {}
    outcomes = outcomes_told(connection, at)
    broken = unblinded(connection, at)
    return tuple(
        _view(
            place,
            at,
            told[place],
            alerted=alerted[place],
            answered=answered[place],
            by_arm=shown.get(place, Counter()),
            outcomes=outcomes.get(place, ()),
            broken=broken[place],
            reasons=reasons,
        )
        for place in sorted(told)
    )


@dataclass(slots=True)
class _Told:
    ends: Counter[Box] = field(default_factory=Counter)
    standing: Counter[Standing] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def _view(
    place: Place,
    at: datetime,
    told: _Told,
    *,
    alerted: int,
    answered: int,
    by_arm: Counter[str],
    outcomes: tuple[OutcomeFlow, ...],
    broken: int,
    reasons: bool,
) -> FlowAtView:
    return FlowAtView(
        trial=place[0],
        domain=place[1],
        at=at,
        boxes=tuple(boxes(told.ends).items()),
        alerted=alerted,
        answered=answered,
        reasons=tuple(told.reasons.most_common()) if reasons else None,
        by_arm=tuple(sorted(by_arm.items())),
        arm_not_shown=told.ends[Box.RANDOMISED] - by_arm.total(),
        standing=tuple(sorted((s, n) for s, n in told.standing.items() if n)),
        outcomes=outcomes,
        unblinded=broken,
    )


def _never_candidates(
    connection: Connection, at: datetime, within: Within
) -> Iterator[tuple[Place, Course, int]]:
    known, last, held = _known(at, within), aliased(ScreeningRow), aliased(ScreeningRow)
    is_open = and_(last.window_open, last.deadline >= at)
    query = (
        _beside(
            select(last.trial, last.domain, held.status, is_open, func.count()),
            known,
            last,
            held,
        )
        .where(known.c.candidate == 0, known.c.thing.not_in(_drawn_screenings(at)))
        .group_by(last.trial, last.domain, held.status, is_open)
    )
    for trial, domain, status, window_open, number in connection.execute(query):
        course = Course(
            status=status, window_open=bool(window_open), was_candidate=False
        )
        yield (trial, domain), course, number


def _one_by_one(
    connection: Connection, at: datetime, within: Within
) -> Iterator[tuple[Place, Course]]:
    """Candidates, and all who were randomised, whatever their verdict's clock says."""
    drawn = {row.thing: row for row in connection.execute(_drawn(at, within))}
    people = _People(connection, at, within)
    for row in connection.execute(_candidate_rows(at, within)):
        course = people.course(row, randomised=row.thing in drawn)
        drawn.pop(row.thing, None)
        yield (row.trial, row.domain), course
    for row in drawn.values():
        yield (row.trial, row.domain), people.course(row, randomised=True)


class _People:
    """What people had said by a moment."""

    def __init__(self, connection: Connection, at: datetime, within: Within) -> None:
        self._stood = {
            (one.trial, one.site, one.patient): (told, now)
            for one, told, now in stands(connection, at=at, trial=within.trial)
        }
        self._against = ruled_out_by_answer(connection, at)
        self._out = opted_out(connection, at)

    def course(self, row: Row[*tuple[Any, ...]], *, randomised: bool) -> Course:
        whom = (row.trial, row.site, row.patient)
        told, now = self._stood.get(whom, (Recorded(), NOT_ASKED))
        out = self._out.get((row.site, row.patient), set())
        return Course(
            status=row.status,
            window_open=bool(row.is_open),
            was_candidate=bool(row.candidate),
            answered_against=row.thing in self._against,
            approached=told.standing is not Standing.NOT_ASKED,
            standing=now.standing,
            may_randomise=now.permits.randomise,
            opted_out=not out.isdisjoint({"", row.trial}),
            randomised=randomised,
        )


def _candidate_rows(at: datetime, within: Within) -> Select[*tuple[Any, ...]]:
    known, last, held = _known(at, within), aliased(ScreeningRow), aliased(ScreeningRow)
    query = select(
        known.c.thing,
        known.c.candidate,
        last.trial,
        last.domain,
        last.site,
        last.patient,
        held.status,
        and_(last.window_open, last.deadline >= at).label("is_open"),
    )
    wanted = or_(known.c.candidate == 1, known.c.thing.in_(_drawn_screenings(at)))
    found = _beside(query, known, last, held).where(wanted)
    return found.execution_options(yield_per=_PORTION)


def _known(at: datetime, within: Within) -> Subquery:
    """Of each screening (`thing`) the last revision, and whether it was a candidate.

    `held` is the last revision with the window open; null where there was none.
    """
    row = ScreeningRow
    fit = and_(row.window_open, row.status.in_(("eligible", "needs_human")))
    return (
        select(
            row.screening_id.label("thing"),
            func.max(row.revision).label("last"),
            func.max(case((row.window_open, row.revision))).label("held"),
            func.max(case((fit, 1), else_=0)).label("candidate"),
        )
        .where(row.recorded_at <= at, *within.of(row))
        .group_by(row.screening_id)
        .subquery()
    )


def _beside(
    query: Select[*tuple[Any, ...]],
    known: Subquery,
    last: Any,  # noqa: ANN401  an alias
    held: Any,  # noqa: ANN401  an alias
) -> Select[*tuple[Any, ...]]:
    """The last revision of each screening, and the last with the window open."""
    return (
        query.select_from(known)
        .join(
            last,
            and_(last.screening_id == known.c.thing, last.revision == known.c.last),
        )
        .outerjoin(
            held,
            and_(held.screening_id == known.c.thing, held.revision == known.c.held),
        )
    )


def _drawn(at: datetime, within: Within) -> Select[*tuple[Any, ...]]:
    """Who was randomised, with the verdict it rests on."""
    drawn, row = RandomisationRow, ScreeningRow
    return (
        select(
            row.screening_id.label("thing"),
            literal(1).label("candidate"),
            drawn.trial,
            drawn.domain,
            drawn.site,
            drawn.patient,
            row.status,
            row.window_open.label("is_open"),
        )
        .join(row, row.message_id == drawn.screening_message_id)
        .where(drawn_by(at), *within.of(drawn))
    )


def _drawn_screenings(at: datetime) -> Select[str]:
    drawn, row = RandomisationRow, ScreeningRow
    return (
        select(row.screening_id)
        .join(drawn, drawn.screening_message_id == row.message_id)
        .where(drawn_by(at))
    )


def _reasons(
    connection: Connection, at: datetime, within: Within
) -> Iterator[tuple[Place, str]]:
    """Of each that was ruled out before it was a candidate, what spoke first."""
    known, last, held = _known(at, within), aliased(ScreeningRow), aliased(ScreeningRow)
    query = _beside(select(held.document), known, last, held).where(
        known.c.candidate == 0,
        held.status == "ineligible",
        known.c.thing.not_in(_drawn_screenings(at)),
    )
    found = connection.execute(query.execution_options(yield_per=_PORTION))
    for document in found.scalars():
        verdict = decode(TRIAL_SCREENING, document.encode())
        yield (verdict.trial, verdict.domain), primary_reason(verdict)
