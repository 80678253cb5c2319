"""What waits for somebody at a moment: consent to be sought, a stratum to be known.

Nothing here is kept: what stands is worked out from the words, the documents and the
clock, so it is due at the moment it is due.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from registry.domain.consent import ConsentBasis, ConsentState, Scope, Standing
from registry.domain.consent_terms import Recorded, Stand, Terms, recorded, stand
from registry.domain.participant import Participant
from registry.domain.stratum import FactorState
from registry.store.drawn_by import drawn_by
from registry.store.listings import ConsentView, Due, StratumView
from registry.store.repositories.trial import ProtocolRepository
from registry.store.rows.allocation import RandomisationRow
from registry.store.rows.people import ConsentRow, OptOutRow, ParticipantRow
from registry.store.rows.trial import ProtocolRow
from registry.store.rows.verdicts import ScreeningRow, ScreeningStateRow
from registry.usecases.consent_stands import declared_terms
from registry.usecases.strata import factors_of
from streams.vocabulary.messages import TRIAL_SCREENING, decode


def consents(
    connection: Connection, *, at: datetime, trial: str | None
) -> tuple[ConsentView, ...]:
    """Where each stands who was registered by `at`, by what was recorded until then."""
    return tuple(
        _line(one, told, now)
        for one, told, now in stands(connection, at=at, trial=trial)
        if one.recorded_at <= at
    )


def stands(
    connection: Connection,
    *,
    at: datetime,
    trial: str | None = None,
    decided_until: datetime | None = None,
) -> Iterator[tuple[Participant, Recorded, Stand]]:
    """Each participant, what their words until then came to, and what stood of them.

    By the protocol that was in force at `at`; words decided after `decided_until` do
    not count.
    """
    documents = {
        version.trial: version.document
        for version in ProtocolRepository(connection).in_force(at)
    }
    words = _words(connection, at, decided_until)
    out = opted_out(connection, at, decided_until)
    drawn = set(connection.execute(_randomised(at)).scalars())
    undeclared = Terms()
    for one in _participants(connection, trial):
        told = recorded(words.get(one.participant, ()))
        document = documents.get(one.trial)
        against = out.get((one.site, one.patient), ())
        now = stand(
            told,
            undeclared if document is None else declared_terms(document, one.site),
            at=at,
            opted_out="" in against or one.trial in against,
            randomised=one.participant in drawn,
        )
        yield one, told, now


def opted_out(
    connection: Connection, at: datetime, decided_until: datetime | None = None
) -> dict[tuple[str, str], set[str]]:
    """By site and patient, the trials whose opt-out stands; empty for all research."""
    row = OptOutRow
    query = (
        select(row.site, row.patient, row.trial, row.stands)
        .where(row.recorded_at <= at)
        .order_by(row.revision)
    )
    if decided_until is not None:
        query = query.where(row.decided_at <= decided_until)
    out: dict[tuple[str, str], set[str]] = defaultdict(set)
    for site, patient, trial, stands_now in connection.execute(query).all():
        trials = out[site, patient]
        (trials.add if stands_now else trials.discard)(trial)
    return out


def strata(
    connection: Connection, *, at: datetime, trial: str | None, past: bool
) -> tuple[StratumView, ...]:
    """The factors not known yet of screenings whose window is open at `at`.

    By the verdicts recorded until then; where that is no moment `past`, by the latest
    ones, which are the same and sooner found.
    The one that is waited for least long comes first.
    """
    documents = {
        (told.trial, told.protocol_hash): told.document
        for told in connection.execute(select(ProtocolRow.__table__))
    }
    found = []
    for document in connection.execute(
        _open_screenings(at, trial, past=past)
    ).scalars():
        verdict = decode(TRIAL_SCREENING, document.encode())
        protocol = documents.get((verdict.trial, verdict.protocol_hash), "{}")
        found += [
            StratumView(
                screening_id=verdict.screening_id,
                site=verdict.site,
                patient=verdict.patient,
                trial=verdict.trial,
                domain=verdict.domain,
                episode=verdict.episode,
                factor=one.factor,
                state=one.state,
                waited_until=one.waited_until,
                deadline=verdict.deadline,
                classifiers=one.classifiers,
            )
            for one in factors_of(verdict, protocol, at=at)
            if one.state is not FactorState.KNOWN
        ]
    return tuple(sorted(found, key=lambda v: (v.waited_until, v.patient, v.factor)))


def _line(one: Participant, told: Recorded, now: Stand) -> ConsentView:
    return ConsentView(
        participant=one.participant,
        trial=one.trial,
        site=one.site,
        patient=one.patient,
        standing=now.standing,
        document_version=told.document_version,
        decided_at=told.decided_at,
        withdrawn=tuple(sorted(told.scopes)),
        due=_due(now),
        deadline=now.deadline,
        renew=now.renew,
        may_randomise=now.permits.randomise,
        may_treat=now.permits.treat,
        may_follow_up=now.permits.follow_up,
        may_collect=now.permits.collect,
        may_use=now.permits.use,
        data_flagged=now.data_flagged,
    )


_DUE: dict[Standing, Due] = {
    Standing.DEFERRED: "ask_by_the_deadline",
    Standing.DEFERRED_OVERDUE: "overdue",
    Standing.REGAINED: "ask_the_patient",
    Standing.RECONSENT_DUE: "ask_again",
    Standing.VERBAL: "writing_follows",
}


def _due(now: Stand) -> Due | None:
    return _DUE.get(now.standing)


def _participants(connection: Connection, trial: str | None) -> list[Participant]:
    row = ParticipantRow
    query = select(
        row.participant, row.trial, row.site, row.patient, row.number, row.recorded_at
    ).order_by(row.trial, row.site, row.number)
    if trial is not None:
        query = query.where(row.trial == trial)
    told = connection.execute(query).all()
    return [
        Participant(
            participant=code,
            trial=of,
            site=site,
            patient=patient,
            number=number,
            recorded_at=recorded_at,
        )
        for code, of, site, patient, number, recorded_at in told
    ]


class _Said(NamedTuple):
    """One word of a participant, without what nothing follows from.

    A list of all participants makes one of each word that was ever recorded.
    """

    state: ConsentState
    basis: ConsentBasis | None
    document_version: str | None
    decided_at: datetime
    deadline: datetime | None
    scopes: tuple[Scope, ...] | None


def _words(
    connection: Connection, at: datetime, decided_until: datetime | None
) -> dict[str, list[_Said]]:
    row = ConsentRow
    query = (
        select(row.participant, *(getattr(row, name) for name in _Said._fields))
        .where(row.recorded_at <= at)
        .order_by(row.participant, row.revision)
    )
    if decided_until is not None:
        query = query.where(row.decided_at <= decided_until)
    words: dict[str, list[_Said]] = defaultdict(list)
    for participant, *said in connection.execute(query).all():
        words[participant].append(_Said(*said))
    return words


def _randomised(at: datetime) -> Select[str]:
    row = RandomisationRow
    return select(row.participant).where(drawn_by(at))


def _open_screenings(at: datetime, trial: str | None, *, past: bool) -> Select[str]:
    """The documents of the revisions that were the latest, whose window is open."""
    row, state = ScreeningRow, ScreeningStateRow
    number = _latest_by(at) if past else state.revision
    latest = and_(row.screening_id == state.screening_id, row.revision == number)
    query = select(row.document).select_from(state).join(row, latest)
    query = query.where(state.first_recorded_at <= at)
    if past:
        # One open then was revised since, if only when it closed, or is open yet.
        query = query.where(or_(state.last_recorded_at > at, state.window_open))
        query = query.where(row.window_open, row.deadline >= at)
    else:
        query = query.where(state.window_open, state.deadline >= at)
    return query if trial is None else query.where(state.trial == trial)


def _latest_by(at: datetime) -> ColumnElement[int]:
    """The number of the last revision of a screening that was recorded by then."""
    row = aliased(ScreeningRow)
    return (
        select(func.max(row.revision))
        .where(
            row.screening_id == ScreeningStateRow.screening_id, row.recorded_at <= at
        )
        .scalar_subquery()
    )
