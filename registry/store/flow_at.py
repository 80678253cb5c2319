"""The flow of each domain at any moment, by what had been recorded until then.

A verdict counts from its `recorded_at`, a word of consent and an opt-out from theirs,
a randomisation from `randomised_at`, an answer from when it was signed, an alert's
step from when it was taken.
Nothing recorded later changes what is told of a moment.
Screenings that were not revised since, and of which nobody ever spoke or none had been
a candidate, are counted where they lie; the others, few beside them, one by one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    literal,
    or_,
    select,
    tuple_,
    union,
)

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
from registry.store.repositories.bulk import portions
from registry.store.repositories.screening_state import by_revisions
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow, OptOutRow, ParticipantRow
from registry.store.rows.verdicts import ScreeningRow, ScreeningStateRow
from registry.store.worklists import opted_out, stands
from streams.vocabulary.messages import TRIAL_SCREENING, ScreeningStatus, decode


_PORTION = 5_000
Place = tuple[str, str]
"""Trial and domain."""

Known = Row[*tuple[Any, ...]]
"""One screening as it was known at a moment."""


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
    revised = tuple(_revised_since(connection, at, within))
    spoken_of = tuple(connection.execute(_spoken_of(at, within)))
    for place, course, number in _counted(connection, at, within, spoken_of):
        told[place].ends[exit_of(course)] += number
    for place, course in _one_by_one(connection, at, within, (*spoken_of, *revised)):
        told[place].ends[exit_of(course)] += 1
        told[place].standing[course.standing] += course.randomised
    if reasons:
        for place, reason in _reasons(connection, at, within, revised):
            told[place].reasons[reason] += 1
    alerted, answered = touched(connection, at, within.of(ScreeningStateRow))
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


def _counted(
    connection: Connection, at: datetime, within: Within, others: Iterable[Known]
) -> Iterator[tuple[Place, Course, int]]:
    """Those of whom nothing but their verdicts is to be known: all but the others."""
    known = _settled(at, within).subquery()
    shape = known.c.trial, known.c.domain, known.c.status, known.c.is_open
    query = select(*shape, known.c.candidate, func.count())
    query = query.group_by(*shape, known.c.candidate)
    found: Counter[tuple[str, str, ScreeningStatus | None, bool, bool]] = Counter()
    for trial, domain, status, is_open, candidate, number in connection.execute(query):
        found[trial, domain, status, bool(is_open), bool(candidate)] += number
    for row in others:
        one = row.trial, row.domain, row.status, bool(row.is_open), bool(row.candidate)
        found[one] -= 1
    for (trial, domain, status, window_open, candidate), number in found.items():
        course = Course(
            status=status,
            window_open=window_open,
            was_candidate=candidate,
            standing=NOT_ASKED.standing,
            may_randomise=NOT_ASKED.permits.randomise,
        )
        yield (trial, domain), course, number


def _one_by_one(
    connection: Connection, at: datetime, within: Within, known: Iterable[Known]
) -> Iterator[tuple[Place, Course]]:
    """Those who are known, and all who were randomised, whatever their clock says."""
    drawn = {row.thing: row for row in connection.execute(_drawn(at, within))}
    people = _People(connection, at, within)
    for row in known:
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

    def course(self, row: Known, *, randomised: bool) -> Course:
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


def _spoken_of(at: datetime, within: Within) -> Select[*tuple[Any, ...]]:
    """The settled ones who were randomised, and candidates of whom somebody may speak.

    They are few, and are looked for by who they are.
    """
    known = _settled(at, within).subquery()
    asked = union(
        _drawn_screenings(at),
        _candidates(
            AnswerRow, AnswerRow.screening_id == ScreeningStateRow.screening_id
        ),
        _candidates(
            ParticipantRow,
            *_same_patient(ParticipantRow),
            ParticipantRow.trial == ScreeningStateRow.trial,
        ),
        _candidates(OptOutRow, *_same_patient(OptOutRow)),
    ).subquery()
    return select(known).where(known.c.thing.in_(select(asked)))


def _candidates(row: type[Any], *mine: ColumnElement[bool]) -> Select[str]:
    state = ScreeningStateRow
    was_one = or_(state.ever_eligible, state.ever_needs_human)
    return select(state.screening_id).join(row, and_(*mine)).where(was_one)


def _same_patient(
    row: type[ParticipantRow | OptOutRow],
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    state = ScreeningStateRow
    return row.site == state.site, row.patient == state.patient


def _settled(at: datetime, within: Within) -> Select[*tuple[Any, ...]]:
    """Each screening (`thing`) that was not revised after `at`: as it is now.

    `status` and `open_revision` are of the last revision with the window open, null
    where there was none; `candidate` is whether any such was eligible or wanted a human.
    """
    row = ScreeningStateRow
    as_it_is = _shape(row, at)
    return as_it_is.where(row.last_recorded_at <= at, *within.of(row))


def _revised_since(
    connection: Connection, at: datetime, within: Within
) -> Iterator[Known]:
    """The others, by their revisions until then; who they are is asked first.

    They are few, and no plan made beforehand knows it.
    """
    state, row = ScreeningStateRow, ScreeningRow
    moved = select(state.screening_id).where(
        state.first_recorded_at <= at, state.last_recorded_at > at, *within.of(state)
    )
    for portion in portions(connection.scalars(moved).all()):
        mine = row.screening_id.in_(portion)
        then = by_revisions(row.recorded_at <= at, mine).subquery()
        yield from connection.execute(_shape(then.c, at))


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


def _drawn(at: datetime, within: Within) -> Select[*tuple[Any, ...]]:
    """Who was randomised, with the verdict it rests on."""
    drawn, row = RandomisationRow, ScreeningRow
    return (
        select(
            row.screening_id.label("thing"),
            literal(value=True).label("candidate"),
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
    connection: Connection, at: datetime, within: Within, revised: Iterable[Known]
) -> Iterator[tuple[Place, str]]:
    """Of each that was ruled out before it was a candidate, what spoke first."""
    drawn = set(connection.scalars(_drawn_screenings(at)))
    known = _settled(at, within).subquery()
    ruled_out = select(known).where(~known.c.candidate, known.c.status == "ineligible")
    told = connection.execute(ruled_out).partitions(_PORTION)
    for rows in (*told, tuple(revised)):
        mine = [
            (row.thing, row.open_revision)
            for row in rows
            if row.status == "ineligible" and not row.candidate
            if row.thing not in drawn
        ]
        for document in _documents(connection, mine):
            verdict = decode(TRIAL_SCREENING, document.encode())
            yield (verdict.trial, verdict.domain), primary_reason(verdict)


def _documents(
    connection: Connection, revisions: Collection[tuple[str, int]]
) -> Iterator[str]:
    row = ScreeningRow
    for portion in portions(revisions):
        these = tuple_(row.screening_id, row.revision).in_(portion)
        yield from connection.scalars(select(row.document).where(these))
