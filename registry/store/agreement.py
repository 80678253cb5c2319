"""How often human and machine say the same of a criterion, where both have spoken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from registry.store.listings import AgreementView
from registry.store.rows.people import AnswerRow
from registry.store.rows.verdicts import ScreeningRow
from streams.vocabulary.messages import (
    TRIAL_SCREENING,
    CriterionVerdict,
    TrialScreening,
    decode,
)


Criterion = tuple[str, str, str]
"""Trial, domain, criterion."""
_DECIDED = ("TRUE", "FALSE")


def agreement(
    connection: Connection, trial: str | None = None
) -> tuple[AgreementView, ...]:
    """A row for each criterion of which any human has spoken.

    A pair is one screening's criterion: the human's last word, and what the machine
    had said in the revision before them; where it had said UNKNOWN, what its latest
    revision says.
    """
    counts: dict[Criterion, _Count] = defaultdict(_Count)
    for pair in _pairs(connection, trial):
        counts[pair.criterion].add(pair)
    return tuple(
        AgreementView(
            trial=key[0],
            domain=key[1],
            criterion=key[2],
            role=count.role,
            answered=count.answered,
            both=count.both,
            agree=count.agree,
            human_true_machine_false=count.human_true,
            human_false_machine_true=count.human_false,
            agreement=count.agree / count.both if count.both else None,
        )
        for key, count in sorted(counts.items())
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """What the two said of one criterion of one screening."""

    criterion: Criterion
    role: str
    human: str
    machine: str


@dataclass(slots=True)
class _Count:
    """Pairs counted."""

    role: str = ""
    answered: int = 0
    both: int = 0
    agree: int = 0
    human_true: int = 0
    human_false: int = 0

    def add(self, pair: _Pair) -> None:
        self.role = pair.role
        self.answered += 1
        if pair.machine in _DECIDED:
            self.both += 1
            self.agree += pair.human == pair.machine
            self.human_true += (pair.human, pair.machine) == _DECIDED
            self.human_false += (pair.machine, pair.human) == _DECIDED


def _pairs(connection: Connection, trial: str | None) -> Iterator[_Pair]:
    verdicts = _latest(connection, trial)
    for (screening_id, criterion_id), (human, then) in _words(connection).items():
        verdict = verdicts.get(screening_id)
        now = _criterion(verdict, criterion_id)
        if verdict is None or now is None or human not in _DECIDED:
            continue
        yield _Pair(
            criterion=(verdict.trial, verdict.domain, criterion_id),
            role=now.role,
            human=human,
            machine=then if then in _DECIDED else now.truth,
        )


def _words(connection: Connection) -> dict[tuple[str, str], tuple[str, str | None]]:
    """The last word on each criterion of each screening, and the machine's before it."""
    row = AnswerRow
    query = select(
        row.screening_id, row.criterion_id, row.truth, row.machine_truth
    ).order_by(row.screening_id, row.criterion_id, row.revision)
    return {
        (screening_id, criterion_id): (truth, machine)
        for screening_id, criterion_id, truth, machine in connection.execute(query)
    }


def _latest(connection: Connection, trial: str | None) -> dict[str, TrialScreening]:
    """The latest revision of each screening anybody has spoken of."""
    row = ScreeningRow
    signed = select(AnswerRow.screening_id)
    last = (
        select(row.screening_id.label("thing"), func.max(row.revision).label("last"))
        .where(row.screening_id.in_(signed))
        .group_by(row.screening_id)
        .subquery()
    )
    query = select(row.document).join(
        last, (row.screening_id == last.c.thing) & (row.revision == last.c.last)
    )
    if trial is not None:
        query = query.where(row.trial == trial)
    told = (decode(TRIAL_SCREENING, d.encode()) for d in connection.scalars(query))
    return {verdict.screening_id: verdict for verdict in told}


def _criterion(
    verdict: TrialScreening | None, criterion_id: str
) -> CriterionVerdict | None:
    told = () if verdict is None else verdict.criteria
    return next((c for c in told if c.criterion_id == criterion_id), None)
