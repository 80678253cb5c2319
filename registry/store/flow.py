"""How many came how far in each domain (CONSORT's first boxes)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Connection, Select, and_, case, func, literal_column, select

from registry.domain.alert import AlertStatus
from registry.domain.consent import ConsentState
from registry.store.listings import FlowView
from registry.store.open_windows import by_answers_alone
from registry.store.rows.alerts import AlertEventRow, AlertRow
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import ConsentRow, ParticipantRow
from registry.store.rows.trial import DomainRow
from registry.store.rows.verdicts import ScreeningStateRow
from registry.store.schema import OPEN_LABEL_ARMS


def flow(
    connection: Connection, *, trial: str | None, may_see_arms: bool
) -> tuple[FlowView, ...]:
    """A row a domain, by the latest revisions; arms of open domains where allowed."""
    verdicts, while_open = _screened(connection)
    told, expired = _alerts(connection)
    consents = _counted(connection, _consents())
    drawn = _counted(connection, _randomised())
    arms = _counted(connection, _by_arm()) if may_see_arms else {}
    places = {(t, d) for t, d in connection.execute(_domains())} | set(verdicts)
    return tuple(
        FlowView(
            trial=t,
            domain=d,
            screened=verdicts[t, d].total(),
            ineligible=verdicts[t, d]["ineligible"],
            needs_data=verdicts[t, d]["needs_data"],
            needs_human=verdicts[t, d]["needs_human"],
            eligible=verdicts[t, d]["eligible"],
            alerted=told[t, d][True],
            suppressed=told[t, d][False],
            expired=expired[t, d],
            consented=sum(consents[t, ""][word] for word in _ALLOWING),
            refused=consents[t, ""][ConsentState.REFUSED],
            withdrawn=consents[t, ""][ConsentState.WITHDRAWN],
            ever_needs_data=while_open[t, d]["needs_data"],
            ever_needs_human=while_open[t, d]["needs_human"],
            ever_eligible=while_open[t, d]["eligible"],
            randomised=drawn[t, d].total(),
            by_arm=tuple(sorted(arms.get((t, d), Counter()).items())),
        )
        for t, d in sorted(places)
        if trial in (None, t)
    )


_ALLOWING = (
    ConsentState.GIVEN,
    ConsentState.DEFERRED,
    ConsentState.INFORMED,
    ConsentState.WAIVED,
)
"""The words on which a protocol may have a participant randomised."""

Counts = defaultdict[tuple[str, str], Counter[Any]]


def _counted(connection: Connection, query: Select[*tuple[Any, ...]]) -> Counts:
    """Rows of trial, domain, what, how many."""
    counts: Counts = defaultdict(Counter)
    for trial, domain, what, number in connection.execute(query):
        counts[trial, domain][what] += number
    return counts


def _domains() -> Select[*tuple[Any, ...]]:
    return select(DomainRow.trial, DomainRow.domain)


def _screened(connection: Connection) -> tuple[Counts, Counts]:
    """Screenings by their latest verdict; by each they ever had while open."""
    state = ScreeningStateRow
    place = state.trial, state.domain, state.status
    ever = [func.sum(case((told, 1), else_=0)) for told in _EVER.values()]
    query = select(*place, func.count(), *ever).group_by(*place)
    verdicts: Counts = defaultdict(Counter)
    while_open: Counts = defaultdict(Counter)
    for trial, domain, status, number, *numbers in connection.execute(query):
        verdicts[trial, domain][status] = number
        while_open[trial, domain].update(dict(zip(_EVER, numbers, strict=True)))
    for where, number in by_answers_alone(connection).items():
        while_open[where]["eligible"] += number
    return verdicts, while_open


_EVER = {
    "needs_data": ScreeningStateRow.ever_needs_data,
    "needs_human": ScreeningStateRow.ever_needs_human,
    "eligible": ScreeningStateRow.ever_eligible,
}


def _alerts(connection: Connection) -> tuple[Counts, Counter[tuple[str, str]]]:
    """By whether anybody was ever told; and those the window closed on."""
    ever = (
        select(AlertEventRow.alert_id).where(AlertEventRow.told).distinct().subquery()
    )
    query = select(
        AlertRow.trial,
        AlertRow.domain,
        AlertRow.status,
        ever.c.alert_id.is_not(None),
        func.count(),
    ).outerjoin(ever, ever.c.alert_id == AlertRow.alert_id)
    told: Counts = defaultdict(Counter)
    expired: Counter[tuple[str, str]] = Counter()
    grouped = query.group_by(
        AlertRow.trial, AlertRow.domain, AlertRow.status, ever.c.alert_id.is_not(None)
    )
    for trial, domain, status, was_told, number in connection.execute(grouped):
        told[trial, domain][bool(was_told)] += number
        if status is AlertStatus.EXPIRED:
            expired[trial, domain] += number
    return told, expired


def _consents() -> Select[*tuple[Any, ...]]:
    row = ConsentRow
    last = (
        select(row.participant, func.max(row.revision).label("last"))
        .group_by(row.participant)
        .subquery()
    )
    return (
        select(ParticipantRow.trial, _nothing(), row.state, func.count())
        .join(ParticipantRow, ParticipantRow.participant == row.participant)
        .join(
            last,
            and_(row.participant == last.c.participant, row.revision == last.c.last),
        )
        .group_by(ParticipantRow.trial, row.state)
    )


def _randomised() -> Select[*tuple[Any, ...]]:
    row = RandomisationRow
    return select(row.trial, row.domain, _nothing(), func.count()).group_by(
        row.trial, row.domain
    )


def _by_arm() -> Select[*tuple[Any, ...]]:
    row, arms = RandomisationRow, OPEN_LABEL_ARMS
    return (
        select(row.trial, row.domain, arms.c.arm, func.count())
        .join(arms, arms.c.randomisation_id == row.randomisation_id)
        .group_by(row.trial, row.domain, arms.c.arm)
    )


def _nothing() -> Any:  # noqa: ANN401  a column expression
    return literal_column("''")
