"""What was said while recruitment windows were open, with the signed answers counted in.

A closed window makes every verdict `ineligible`; what the team worked with is the
verdict of before.
Only screenings with a signed answer are read into memory, the rest is counted where
it lies.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, func, select

from registry.domain.enrolment import status_with_answers
from registry.store.columns import UtcDateTime
from registry.store.rows.people import AnswerRow
from registry.store.rows.verdicts import ScreeningRow
from streams.vocabulary.messages import (
    TRIAL_SCREENING,
    ScreeningStatus,
    TrialScreening,
    Truth,
    decode,
)


Domain = tuple[str, str]
"""Trial and domain."""


def last_while_open(**equal: str | None) -> Subquery:
    """The last revision of each screening (`thing`, `last`) with the window open."""
    row = ScreeningRow
    query = select(
        row.screening_id.label("thing"), func.max(row.revision).label("last")
    )
    query = _where(query.where(row.window_open), equal)
    return query.group_by(row.screening_id).subquery()


def answered(connection: Connection, **equal: str | None) -> dict[str, ScreeningStatus]:
    """The last verdict with the window open and the answers counted in.

    By screening id, of those with a signed answer; the others have none to count.
    """
    return {
        said.screening_id: said.status_with_answers
        for said in _said_while_open(connection, equal)
    }


def ever(connection: Connection) -> dict[Domain, Counter[ScreeningStatus]]:
    """How many screenings were at any time of each status while the window was open."""
    row = ScreeningRow
    counts: dict[Domain, Counter[ScreeningStatus]] = defaultdict(Counter)
    query = (
        select(
            row.trial,
            row.domain,
            row.status,
            func.count(row.screening_id.distinct()),
        )
        .where(row.window_open)
        .group_by(row.trial, row.domain, row.status)
    )
    for trial, domain, said, number in connection.execute(query):
        status: Any = said
        counts[trial, domain][status] = number
    for place, number in _by_answers_alone(connection).items():
        counts[place]["eligible"] += number
    return counts


def _by_answers_alone(connection: Connection) -> Counter[Domain]:
    """Screenings the machine never called eligible, and the answers did."""
    by_machine: set[str] = set()
    joined: dict[str, Domain] = {}
    for said in _said_while_open(connection, {}):
        if said.verdict.status == "eligible":
            by_machine.add(said.screening_id)
        elif said.status_with_answers == "eligible":
            joined[said.screening_id] = (said.verdict.trial, said.verdict.domain)
    return Counter(place for name, place in joined.items() if name not in by_machine)


@dataclass(frozen=True, slots=True)
class _Said:
    """One revision, with the answers that were signed while it stood or before."""

    screening_id: str
    verdict: TrialScreening
    answers: dict[str, Truth]

    @property
    def status_with_answers(self) -> ScreeningStatus:
        return status_with_answers(self.verdict, self.answers)


def _said_while_open(
    connection: Connection, equal: dict[str, str | None]
) -> Iterator[_Said]:
    """The revisions with the window open of each answered screening, in order."""
    answers = _answers(connection)
    for name, document, deadline, until in connection.execute(_revisions(equal)):
        verdict = decode(TRIAL_SCREENING, document.encode())
        end = deadline if until is None else min(deadline, until)
        held = {
            answer.criterion_id: answer.truth
            for answer in answers[name]
            if answer.protocol_hash == verdict.protocol_hash
            and answer.answered_at <= end
            and answer.machine_truth not in ("TRUE", "FALSE")
        }
        yield _Said(name, verdict, held)


def _revisions(equal: dict[str, str | None]) -> Select[*tuple[Any, ...]]:
    row = ScreeningRow
    until: Any = func.lead(row.known_at, type_=UtcDateTime).over(
        partition_by=row.screening_id, order_by=row.revision
    )
    signed = select(AnswerRow.screening_id)
    query = select(
        row.screening_id,
        row.revision,
        row.window_open,
        row.document,
        row.deadline,
        until.label("until"),
    ).where(row.screening_id.in_(signed))
    said = _where(query, equal).subquery()
    order = (said.c.screening_id, said.c.revision)
    told = select(said.c.screening_id, said.c.document, said.c.deadline, said.c.until)
    return told.where(said.c.window_open).order_by(*order)


@dataclass(frozen=True, slots=True)
class _Answer:
    protocol_hash: str
    criterion_id: str
    truth: Truth
    answered_at: datetime
    machine_truth: str | None
    """An opinion beside a decided verdict is not counted."""


def _answers(connection: Connection) -> defaultdict[str, list[_Answer]]:
    """By screening, the later ones last."""
    row = AnswerRow
    query = select(
        row.screening_id,
        row.protocol_hash,
        row.criterion_id,
        row.truth,
        row.answered_at,
        row.machine_truth,
    ).order_by(row.screening_id, row.criterion_id, row.revision)
    found: defaultdict[str, list[_Answer]] = defaultdict(list)
    for name, protocol_hash, criterion_id, truth, at, by_machine in connection.execute(
        query
    ):
        said: Any = truth
        found[name].append(_Answer(protocol_hash, criterion_id, said, at, by_machine))
    return found


def _where(
    query: Select[*tuple[Any, ...]], equal: dict[str, str | None]
) -> Select[*tuple[Any, ...]]:
    for column, value in equal.items():
        if value is not None:
            query = query.where(getattr(ScreeningRow, column) == value)
    return query
