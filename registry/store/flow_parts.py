"""Figures beside the flow's boxes: who was told, what was answered, arms, outcomes."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from registry.store.drawn_by import drawn_by
from registry.store.listings import OutcomeFlow
from registry.store.rows.alerts import AlertEventRow, AlertRow
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import AnswerRow
from registry.store.rows.reveals import RevealRow
from registry.store.rows.unblindings import UnblindingRow
from registry.store.rows.verdicts import OutcomeRow, ScreeningStateRow
from registry.store.schema import OPEN_LABEL_ARMS
from streams.vocabulary.messages import CriterionVerdict, TrialScreening


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


def touched(
    connection: Connection, at: datetime, within: Within
) -> tuple[Counter[Place], Counter[Place]]:
    """Screenings recorded by `at` of which somebody was told; those answered.

    Each is looked up: by a join of thousands with all of them, all would be read.
    """
    alert, answer, state = AlertRow, AnswerRow, ScreeningStateRow
    told = (
        select(alert.trial, alert.domain, func.count(alert.screening_id.distinct()))
        .join(AlertEventRow, AlertEventRow.alert_id == alert.alert_id)
        .where(AlertEventRow.told, AlertEventRow.at <= at, *within.of(alert))
        .where(_recorded(alert.screening_id) <= at)
        .group_by(alert.trial, alert.domain)
    )
    signed = select(answer.screening_id).where(answer.answered_at <= at)
    answered = (
        select(state.trial, state.domain, func.count())
        .where(state.screening_id.in_(signed))
        .where(state.first_recorded_at <= at, *within.of(state))
        .group_by(state.trial, state.domain)
    )
    return _by_place(connection, told), _by_place(connection, answered)


def arms(connection: Connection, at: datetime) -> dict[Place, Counter[str]]:
    """How many were drawn to each arm, where it was hidden from nobody at `at`."""
    row, shown = RandomisationRow, OPEN_LABEL_ARMS
    query = (
        select(row.trial, row.domain, shown.c.arm, func.count())
        .join(shown, shown.c.randomisation_id == row.randomisation_id)
        .outerjoin(RevealRow, RevealRow.randomisation_id == row.randomisation_id)
        .where(drawn_by(at), or_(RevealRow.at.is_(None), RevealRow.at <= at))
        .group_by(row.trial, row.domain, shown.c.arm)
    )
    found: dict[Place, Counter[str]] = defaultdict(Counter)
    for trial, domain, arm, number in connection.execute(query):
        found[trial, domain][arm] = number
    return found


def unblinded(connection: Connection, at: datetime) -> Counter[Place]:
    """For how many participants the blind had been broken."""
    row = UnblindingRow
    query = select(row.trial, row.domain, func.count(row.participant.distinct()))
    by_place = query.where(row.at <= at).group_by(row.trial, row.domain)
    return _by_place(connection, by_place)


def outcomes_told(
    connection: Connection, at: datetime
) -> dict[Place, tuple[OutcomeFlow, ...]]:
    """Of those randomised, how far each outcome of the trial had come at `at`."""
    known = _statuses(connection, at)
    names: dict[str, set[str]] = defaultdict(set)
    for (trial, *_), told in known.items():
        names[trial] |= told.keys()
    counts: dict[Place, dict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    row = RandomisationRow
    drawn = select(row.trial, row.domain, row.site, row.patient, row.episode)
    for trial, domain, site, patient, episode in connection.execute(
        drawn.where(drawn_by(at))
    ):
        told = known.get((trial, site, patient, episode), {})
        for name in names[trial]:
            counts[trial, domain][name][told.get(name, "untold")] += 1
    return {
        place: tuple(_outcome(name, told[name]) for name in sorted(told))
        for place, told in counts.items()
    }


def primary_reason(verdict: TrialScreening) -> str:
    """The first criterion, in the protocol's order, that speaks against the patient.

    What keeps out of one intervention comes after what keeps out of the domain;
    `entry_gone` where the facts that opened the screening are gone, `unnamed` where
    the verdict names nothing.
    """
    against = [one for one in verdict.criteria if speaks_against(one)]
    against.sort(key=lambda one: one.level == "intervention")
    if against:
        return against[0].criterion_id
    return "unnamed" if verdict.entry_stands else "entry_gone"


def speaks_against(one: CriterionVerdict) -> bool:
    """Whether what the criterion says keeps the patient out."""
    return one.truth == ("FALSE" if one.role == "inclusion" else "TRUE")


def _by_place(
    connection: Connection, query: Select[*tuple[Any, ...]]
) -> Counter[Place]:
    found = connection.execute(query)
    return Counter({(trial, domain): number for trial, domain, number in found})


def _recorded(screening: InstrumentedAttribute[str]) -> ColumnElement[datetime]:
    """When the first revision of that screening was."""
    state = ScreeningStateRow
    mine = select(state.first_recorded_at).where(state.screening_id == screening)
    return mine.scalar_subquery()


def _statuses(
    connection: Connection, at: datetime
) -> dict[tuple[str, str, str, str], dict[str, str]]:
    """By trial, site, patient and episode: each outcome's status as of then."""
    row = OutcomeRow
    last = (
        select(row.outcome_id, func.max(row.revision).label("last"))
        .where(row.recorded_at <= at)
        .group_by(row.outcome_id)
        .subquery()
    )
    query: Any = select(
        row.trial, row.site, row.patient, row.episode, row.outcome, row.status
    ).join(last, and_(row.outcome_id == last.c.outcome_id, row.revision == last.c.last))
    found: dict[tuple[str, str, str, str], dict[str, str]] = defaultdict(dict)
    for trial, site, patient, episode, outcome, status in connection.execute(query):
        found[trial, site, patient, episode][outcome] = status
    return found


def _outcome(name: str, told: Counter[str]) -> OutcomeFlow:
    return OutcomeFlow(
        outcome=name,
        final=told["final"],
        provisional=told["provisional"],
        pending=told["pending"],
        missing=told["missing"],
        untold=told["untold"],
    )
