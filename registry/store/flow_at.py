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

from sqlalchemy import Connection, select, tuple_

from registry.domain.consent import Standing
from registry.domain.consent_terms import NOT_ASKED, Recorded
from registry.domain.flow import Box, Course, boxes, exit_of
from registry.store.flow_parts import (
    Place,
    Within,
    arms,
    outcomes_told,
    primary_reason,
    touched,
    unblinded,
)
from registry.store.known_screenings import (
    Known,
    Seen,
    drawn_screenings,
    drawn_with,
    revised_since,
    seen_as,
    settled_at,
    spoken_of,
    where_they_lie,
)
from registry.store.listings import FlowAtView, OutcomeFlow
from registry.store.open_windows import ruled_out_by_answer
from registry.store.repositories.bulk import portions
from registry.store.rows.verdicts import ScreeningRow
from registry.store.worklists import opted_out, stands
from streams.vocabulary.messages import TRIAL_SCREENING, decode


_PORTION = 5_000


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
    settled, moved = where_they_lie(connection, at, within)
    revised = revised_since(connection, at, moved)
    known = spoken_of(connection, at, within)
    settled.subtract(map(seen_as, known))
    for (place, course), number in (
        *_of_whom_nobody_spoke(settled),
        *_one_by_one(connection, at, within, (*known, *revised)).items(),
    ):
        told[place].ends[exit_of(course)] += number
        if course.randomised:
            told[place].standing[course.standing] += number
    if reasons:
        for place, reason in _reasons(connection, at, within, revised):
            told[place].reasons[reason] += 1
    alerted, answered = touched(connection, at, within)
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


def _of_whom_nobody_spoke(
    settled: Counter[Seen],
) -> Iterator[tuple[tuple[Place, Course], int]]:
    for (trial, domain, status, window_open, candidate), number in settled.items():
        course = Course(
            status=status,
            window_open=window_open,
            was_candidate=candidate,
            standing=NOT_ASKED.standing,
            may_randomise=NOT_ASKED.permits.randomise,
        )
        yield ((trial, domain), course), number


def _one_by_one(
    connection: Connection, at: datetime, within: Within, known: Iterable[Known]
) -> Counter[tuple[Place, Course]]:
    """Those who are known, and all who were randomised, whatever their clock says."""
    drawn = {row.thing: row for row in drawn_with(connection, at, within)}
    people = _People(connection, at, within)
    found: Counter[tuple[Place, Course]] = Counter()
    for row in known:
        course = people.course(row, randomised=row.thing in drawn)
        drawn.pop(row.thing, None)
        found[(row.trial, row.domain), course] += 1
    for row in drawn.values():
        found[(row.trial, row.domain), people.course(row, randomised=True)] += 1
    return found


_UNHEARD = (Recorded(), NOT_ASKED)
"""Of whom there is no word."""


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
        told, now = self._stood.get(whom, _UNHEARD)
        out = self._out.get((row.site, row.patient), ())
        return Course(
            status=row.status,
            window_open=bool(row.is_open),
            was_candidate=bool(row.candidate),
            answered_against=row.thing in self._against,
            approached=told.standing is not Standing.NOT_ASKED,
            standing=now.standing,
            may_randomise=now.permits.randomise,
            opted_out="" in out or row.trial in out,
            randomised=randomised,
        )


def _reasons(
    connection: Connection, at: datetime, within: Within, revised: Iterable[Known]
) -> Iterator[tuple[Place, str]]:
    """Of each that was ruled out before it was a candidate, what spoke first."""
    drawn = set(connection.scalars(drawn_screenings(at)))
    known = settled_at(at, within).subquery()
    ruled_out = select(known).where(~known.c.candidate, known.c.status == "ineligible")
    told = connection.execute(ruled_out).partitions(_PORTION)
    for rows in (*told, revised):
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
