"""What was said while recruitment windows were open, with the signed answers counted in.

A closed window makes every verdict `ineligible`; what the team worked with is the
verdict of before.
Only screenings with a signed answer are read into memory, the rest is counted where
it lies.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, func, select

from registry.domain.enrolment import status_with_answers
from registry.store.columns import UtcDateTime
from registry.store.repositories.trial import ProtocolRepository
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow
from registry.store.rows.verdicts import ScreeningRow
from registry.usecases.declared import ANYBODY, Asked, asked_in
from streams.vocabulary.ids import screening_identity
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


def answered(
    connection: Connection, at: datetime | None, **equal: str | None
) -> dict[str, ScreeningStatus]:
    """The last verdict with the window open and the answers that counted at its end.

    By screening id, of those with a signed answer; the others have none to count.
    The end is the moment of the randomisation, or `at` for a patient who lives now,
    where that comes before (None: it does not). What had lapsed by then does not count.
    """
    drawn = _drawn(connection)
    return {
        said.screening_id: said.status_at(said.end_at(at, drawn.get(said.screening_id)))
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
        elif said.was_ever_eligible:
            joined[said.screening_id] = (said.verdict.trial, said.verdict.domain)
    return Counter(place for name, place in joined.items() if name not in by_machine)


@dataclass(frozen=True, slots=True)
class _Said:
    """One revision, from when it was known until the next, and what humans answered."""

    screening_id: str
    verdict: TrialScreening
    ends: datetime
    answers: tuple[_Answer, ...]
    """In order; those for this protocol, beside what the machine left open."""
    asked: Mapping[str, Asked]

    def end_at(self, now: datetime | None, drawn_at: datetime | None) -> datetime:
        """When it was last worked with; the time of history is not ours."""
        present = now if self.verdict.provenance == "live" else None
        return min(filter(None, (self.ends, drawn_at, present)))

    @property
    def was_ever_eligible(self) -> bool:
        """With the answers; it can become so only when it is said, or one is signed."""
        moments = {a.answered_at for a in self.answers if a.answered_at <= self.ends}
        return any(
            self.status_at(max(moment, self.verdict.known_at)) == "eligible"
            for moment in moments
        )

    def status_at(self, moment: datetime) -> ScreeningStatus:
        """With the answers that were signed by then and had not lapsed."""
        last = {a.criterion_id: a for a in self.answers if a.answered_at <= moment}
        held = {
            name: answer.truth
            for name, answer in last.items()
            if self.asked.get(name, ANYBODY).holds(answer.answered_at, moment)
        }
        return status_with_answers(self.verdict, held)


def _said_while_open(
    connection: Connection, equal: dict[str, str | None]
) -> Iterator[_Said]:
    """The revisions with the window open of each answered screening, in order."""
    answers, protocols = _answers(connection), ProtocolRepository(connection)
    asked: dict[tuple[str, str], Mapping[str, Asked]] = {}
    for name, document, deadline, until in connection.execute(_revisions(equal)):
        verdict = decode(TRIAL_SCREENING, document.encode())
        version = (verdict.trial, verdict.protocol_hash)
        if version not in asked:
            known = protocols.of_hash(*version)
            asked[version] = {} if known is None else asked_in(known.document)
        yield _Said(
            screening_id=name,
            verdict=verdict,
            ends=deadline if until is None else min(deadline, until),
            answers=tuple(
                answer
                for answer in answers[name]
                if answer.protocol_hash == verdict.protocol_hash
                and answer.machine_truth not in ("TRUE", "FALSE")
            ),
            asked=asked[version],
        )


def _drawn(connection: Connection) -> dict[str, datetime]:
    """By screening, when it led to a randomisation."""
    row = RandomisationRow
    query = select(
        row.site, row.patient, row.trial, row.domain, row.episode, row.randomised_at
    )
    return {
        screening_identity(
            site=site, patient=patient, trial=trial, domain=domain, episode=episode
        ): at
        for site, patient, trial, domain, episode, at in connection.execute(query)
    }


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
