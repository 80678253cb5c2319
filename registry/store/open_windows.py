"""What was said while recruitment windows were open, with the signed answers counted in.

A closed window makes every verdict `ineligible`; what the team worked with is the
verdict of before.
Only screenings with a signed answer are read into memory, the rest is counted where
it lies.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Subquery, case, func, or_, select

from registry.domain.enrolment import status_with_answers
from registry.store.columns import UtcDateTime
from registry.store.repositories.trial import ProtocolRepository
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow
from registry.store.rows.verdicts import ScreeningRow, ScreeningStateRow
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


def answered(
    connection: Connection, at: datetime | None, **equal: str | None
) -> dict[str, ScreeningStatus]:
    """The last verdict with the window open and the answers that counted at its end.

    By screening id, of those with a signed answer; the others have none to count.
    The end is the moment of the randomisation, or `at` for a patient who lives now,
    where that comes before (None: it does not). What had lapsed by then does not count.
    """
    drawn = _drawn(connection, equal)
    mine = _where(_answered(), ScreeningStateRow, equal)
    return {
        said.screening_id: said.status_at(said.end_at(at, drawn.get(said.screening_id)))
        for said in _said(connection, mine, _last_while_open(mine))
    }


def ruled_out_by_answer(connection: Connection, at: datetime) -> frozenset[str]:
    """The screenings that signed answers, and not the machine, made ineligible.

    By the last verdict with the window open that was recorded until `at`, and the
    answers that counted then, or at its end where that came before.
    """
    state = ScreeningStateRow
    mine = _answered().where(or_(state.ever_eligible, state.ever_needs_human))
    last = _last_while_open(mine, recorded_by=at, saying=("eligible", "needs_human"))
    return frozenset(
        said.screening_id
        for said in _said(connection, mine, last)
        if said.status_at(min(at, said.ends)) == "ineligible"
    )


def by_answers_alone(connection: Connection) -> Counter[Domain]:
    """Screenings the machine never called eligible while open, and the answers did."""
    mine = _answered().where(~ScreeningStateRow.ever_eligible)
    joined = {
        said.screening_id: (said.verdict.trial, said.verdict.domain)
        for said in _said(connection, mine, _while_open(mine))
        if said.was_ever_eligible
    }
    return Counter(joined.values())


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


def _said(
    connection: Connection, mine: Select[str], revisions: Select[*tuple[Any, ...]]
) -> Iterator[_Said]:
    """These revisions of those screenings, with what humans answered."""
    answers, protocols = _answers(connection, mine), ProtocolRepository(connection)
    asked: dict[tuple[str, str], Mapping[str, Asked]] = {}
    for name, document, deadline, until in connection.execute(revisions):
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


def _drawn(connection: Connection, equal: dict[str, str | None]) -> dict[str, datetime]:
    """By screening, when it led to a randomisation."""
    row = RandomisationRow
    query = _where(
        select(
            row.site, row.patient, row.trial, row.domain, row.episode, row.randomised_at
        ),
        row,
        equal,
    )
    return {
        screening_identity(
            site=site, patient=patient, trial=trial, domain=domain, episode=episode
        ): at
        for site, patient, trial, domain, episode, at in connection.execute(query)
    }


def _answered() -> Select[str]:
    """The screenings with a signed answer."""
    state = ScreeningStateRow
    signed = select(AnswerRow.screening_id)
    return select(state.screening_id).where(state.screening_id.in_(signed))


def _while_open(mine: Select[str]) -> Select[*tuple[Any, ...]]:
    """Of each its revisions with the window open, in order."""
    known = _revisions(mine)
    told = _told(known).where(known.c.window_open)
    return told.order_by(known.c.screening_id, known.c.revision)


def _last_while_open(
    mine: Select[str],
    *,
    recorded_by: datetime | None = None,
    saying: Collection[ScreeningStatus] | None = None,
) -> Select[*tuple[Any, ...]]:
    """Of each the last of those, as of `recorded_by`, where it said one of these."""
    known = _revisions(mine, recorded_by)
    told = _told(known).where(known.c.revision == known.c.last_open)
    return told if saying is None else told.where(known.c.status.in_(saying))


def _told(known: Subquery) -> Select[*tuple[Any, ...]]:
    return select(
        known.c.screening_id, known.c.document, known.c.deadline, known.c.until
    )


def _revisions(mine: Select[str], recorded_by: datetime | None = None) -> Subquery:
    """All of each, with when the next was known, and which was the last while open."""
    row = ScreeningRow
    until: Any = func.lead(row.known_at, type_=UtcDateTime).over(
        partition_by=row.screening_id, order_by=row.revision
    )
    last_open = func.max(case((row.window_open, row.revision))).over(
        partition_by=row.screening_id
    )
    query = select(
        row.screening_id,
        row.revision,
        row.status,
        row.window_open,
        row.document,
        row.deadline,
        until.label("until"),
        last_open.label("last_open"),
    ).where(row.screening_id.in_(mine))
    if recorded_by is not None:
        query = query.where(row.recorded_at <= recorded_by)
    return query.subquery()


@dataclass(frozen=True, slots=True)
class _Answer:
    protocol_hash: str
    criterion_id: str
    truth: Truth
    answered_at: datetime
    machine_truth: str | None
    """An opinion beside a decided verdict is not counted."""


def _answers(
    connection: Connection, mine: Select[str]
) -> defaultdict[str, list[_Answer]]:
    """By screening, the later ones last."""
    row = AnswerRow
    query = (
        select(
            row.screening_id,
            row.protocol_hash,
            row.criterion_id,
            row.truth,
            row.answered_at,
            row.machine_truth,
        )
        .where(row.screening_id.in_(mine))
        .order_by(row.screening_id, row.criterion_id, row.revision)
    )
    found: defaultdict[str, list[_Answer]] = defaultdict(list)
    for name, protocol_hash, criterion_id, truth, at, by_machine in connection.execute(
        query
    ):
        said: Any = truth
        found[name].append(_Answer(protocol_hash, criterion_id, said, at, by_machine))
    return found


def _where(
    query: Select[*tuple[Any, ...]], row: type[Any], equal: dict[str, str | None]
) -> Select[*tuple[Any, ...]]:
    for column, value in equal.items():
        if value is not None:
            query = query.where(getattr(row, column) == value)
    return query
