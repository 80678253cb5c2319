"""Read views: the latest of each thing, and its history.

Everything is read in one snapshot; who may see an arm is the caller's to say, and a
blinded domain shows none to anybody.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, and_, func, select, text

from registry.domain.conduct import Deviation, JudgedOutcome
from registry.domain.feed import Feed, counts
from registry.domain.mode import Mode
from registry.domain.participant import Consent, HumanAnswer
from registry.domain.role_matrix import places_of
from registry.domain.roles import Person, Surface
from registry.store import for_the_unblinded, heard_of, worklists
from registry.store.agreement import agreement
from registry.store.flow import flow
from registry.store.flow_at import flow_at
from registry.store.flow_parts import Within
from registry.store.listings import (
    AgreementView,
    AlertView,
    ArmStockView,
    ArmView,
    ConsentView,
    FlowAtView,
    FlowView,
    OnsetView,
    OutcomeView,
    ParticipantView,
    ScreeningView,
    StratumView,
    UnblindingNoteView,
)
from registry.store.open_windows import answered
from registry.store.people_rows import people_and_arms
from registry.store.repositories.feeds import FEED_COLUMNS, read_feed
from registry.store.repositories.trial import ModeRepository
from registry.store.rows.alerts import AlertRow
from registry.store.rows.allocation import OPEN_LABEL, RandomisationRow
from registry.store.rows.conduct import DeviationRow, JudgedOutcomeRow
from registry.store.rows.people import AnswerRow, ConsentRow, ParticipantRow
from registry.store.rows.stream import FeedRow, RunRow
from registry.store.rows.trial import ProtocolRow
from registry.store.rows.verdicts import (
    OnsetRow,
    OutcomeRow,
    ScreeningRow,
    ScreeningStateRow,
)
from registry.store.steering import Steering
from registry.usecases.records import ProtocolVersion, Run
from streams.vocabulary.messages import TRIAL_OUTCOME, TRIAL_SCREENING, decode


ViewT = TypeVar("ViewT")


class Views:
    """What may be read of a registry."""

    def __init__(self, connection: Connection, person: Person | None = None) -> None:
        self._connection = connection
        self._person = person

    def mode(self) -> Mode:
        """How the registry is run."""
        return ModeRepository(self._connection).current()

    def feeds(self) -> tuple[Feed, ...]:
        """Those that were heard of, by what counts in the registry's mode."""
        mode = self.mode()
        query = select(*FEED_COLUMNS).where(FeedRow.events > 0)
        order = (FeedRow.site, FeedRow.kind, FeedRow.name)
        rows = self._connection.execute(query.order_by(*order)).mappings()
        found = (read_feed(row) for row in rows)
        return tuple(feed for feed in found if counts(feed.provenance, mode))

    def protocols(self) -> tuple[ProtocolVersion, ...]:
        """All versions in the order of their activation."""
        query = select(*_columns(ProtocolRow, ProtocolVersion))
        order = (ProtocolRow.trial, ProtocolRow.revision)
        return self._all(query.order_by(*order), ProtocolVersion)

    def trials_besides(self, trial: str) -> frozenset[str] | None:
        """None where this one was heard of; else those of protocols and screenings."""
        known = heard_of.is_heard_of(self._connection, trial)
        return None if known else heard_of.trials_heard_of(self._connection)

    def onsets(
        self,
        site: str | None = None,
        patient: str | None = None,
        definition: str | None = None,
    ) -> tuple[OnsetView, ...]:
        """The latest revision of each flag, by the moment it was known."""
        equal = {"site": site, "patient": patient, "definition": definition}
        query = _latest(_onsets(), OnsetRow, "flag_id")
        return self._all(_where(query, OnsetRow, **equal), OnsetView)

    def onset_history(self, site: str, patient: str) -> tuple[OnsetView, ...]:
        """All revisions of one patient's flags."""
        query = _where(_onsets(), OnsetRow, site=site, patient=patient)
        return self._all(query, OnsetView)

    def screenings(
        self,
        site: str | None = None,
        patient: str | None = None,
        trial: str | None = None,
        *,
        at: datetime | None = None,
    ) -> tuple[ScreeningView, ...]:
        """The latest revision of each screening, by the moment it was known.

        With the answers that count at `at`; None: when every window is over.
        """
        equal = {"site": site, "patient": patient, "trial": trial}
        state = ScreeningStateRow
        latest = _screenings().where(ScreeningRow.revision == state.revision)
        return self._screenings(_only(latest, state, **equal), equal, at)

    def screening_history(
        self, site: str, patient: str, *, at: datetime | None = None
    ) -> tuple[ScreeningView, ...]:
        """All revisions of one patient's screenings; answers as in `screenings`."""
        equal: dict[str, str | None] = {"site": site, "patient": patient}
        query = _only(_screenings(), ScreeningRow, **equal)
        return self._screenings(query, equal, at)

    def outcomes(
        self, trial: str | None = None, patient: str | None = None
    ) -> tuple[OutcomeView, ...]:
        """The latest revision of each outcome."""
        query = _latest(_outcomes(), OutcomeRow, "outcome_id")
        rows = _where(query, OutcomeRow, trial=trial, patient=patient)
        judged = self._judged(trial)
        return tuple(
            _outcome(dict(row), judged)
            for row in self._connection.execute(rows).mappings()
        )

    def deviations(self, trial: str | None = None) -> tuple[Deviation, ...]:
        """All deviations, in the order in which they happened."""
        query = select(*_columns(DeviationRow, Deviation))
        order = (DeviationRow.happened_at, DeviationRow.deviation_id)
        return self._all(
            _only(query, DeviationRow, trial=trial).order_by(*order), Deviation
        )

    def participants(
        self,
        trial: str | None = None,
        *,
        site: str | None = None,
        patient: str | None = None,
        may_see_arms: bool = False,
    ) -> tuple[ParticipantView, ...]:
        """Each participant, once a domain where randomised."""
        query = people_and_arms(may_see_arms=may_see_arms)
        query = _only(query, ParticipantRow, trial=trial, site=site, patient=patient)
        order = (ParticipantRow.participant, RandomisationRow.domain)
        return self._all(query.order_by(*order), ParticipantView)

    def arms(self, trial: str | None = None) -> tuple[ArmView, ...]:
        """The arm of everybody, blinded or not, for who sees such arms and nobody else.

        Raises `Refused` EMB-399 where the login is none of `ember_unblinded`.
        """
        if self._person is None:
            return ()
        return for_the_unblinded.arms(self._connection, trial)

    def unblinding_notes(
        self, trial: str | None = None
    ) -> tuple[UnblindingNoteView, ...]:
        """Why blinds were broken, in words; for whom, and raising what, as `arms`."""
        if self._person is None:
            return ()
        return for_the_unblinded.unblinding_notes(self._connection, trial)

    def stock_by_arm(self, trial: str) -> tuple[ArmStockView, ...]:
        """How many kits of each arm stand where; for whom, and raising what, as `arms`."""
        if self._person is None:
            return ()
        return for_the_unblinded.stock_by_arm(self._connection, trial)

    def consent_stands(
        self, trial: str | None = None, *, at: datetime
    ) -> tuple[ConsentView, ...]:
        """Where each stands who was registered by `at`, by what was recorded till then."""
        return worklists.consents(self._connection, at=at, trial=trial)

    def strata(
        self, trial: str | None = None, *, at: datetime, past: bool = False
    ) -> tuple[StratumView, ...]:
        """The factors not known yet of screenings whose window is open at `at`.

        `past`: by the verdicts recorded until then, not by the latest.
        """
        return worklists.strata(self._connection, at=at, trial=trial, past=past)

    def alerts(
        self,
        trial: str | None = None,
        *,
        site: str | None = None,
        patient: str | None = None,
    ) -> tuple[AlertView, ...]:
        """All alerts as they stand, by the moment they were raised."""
        query = select(*_columns(AlertRow, AlertView))
        query = _only(query, AlertRow, trial=trial, site=site, patient=patient)
        order = (AlertRow.raised_at, AlertRow.alert_id)
        return self._all(query.order_by(*order), AlertView)

    def flow(
        self, trial: str | None = None, *, may_see_arms: bool = False
    ) -> tuple[FlowView, ...]:
        """How many came how far, a row a domain."""
        return flow(self._connection, trial=trial, may_see_arms=may_see_arms)

    def flow_at(
        self,
        at: datetime,
        *,
        trial: str | None = None,
        domain: str | None = None,
        reasons: bool = False,
    ) -> tuple[FlowAtView, ...]:
        """The flow as it was known at `at`, a row a domain; `reasons` reads verdicts."""
        return flow_at(
            self._connection,
            at,
            within=Within(trial, domain),
            reasons=reasons,
            may_see_arms=self.may_see_arms(),
        )

    def agreement(self, trial: str | None = None) -> tuple[AgreementView, ...]:
        """How human and machine compare, a row a criterion."""
        return agreement(self._connection, trial)

    def answers(self, site: str, patient: str) -> tuple[HumanAnswer, ...]:
        """All signed answers about one patient."""
        mine = select(ScreeningRow.screening_id).where(
            ScreeningRow.site == site, ScreeningRow.patient == patient
        )
        query = select(*_columns(AnswerRow, HumanAnswer)).where(
            AnswerRow.screening_id.in_(mine)
        )
        order = (AnswerRow.answered_at, AnswerRow.criterion_id, AnswerRow.revision)
        return self._all(query.order_by(*order), HumanAnswer)

    def consents(self, site: str, patient: str) -> tuple[Consent, ...]:
        """All revisions of one patient's consents."""
        query = (
            select(*_columns(ConsentRow, Consent))
            .join(ParticipantRow, ParticipantRow.participant == ConsentRow.participant)
            .where(ParticipantRow.site == site, ParticipantRow.patient == patient)
        )
        order = (ConsentRow.participant, ConsentRow.revision)
        return self._all(query.order_by(*order), Consent)

    def steering(self) -> Steering:
        """Vectors, pauses and green lights, each from when to when."""
        return Steering(self._connection, self._person)

    def runs(self) -> tuple[Run, ...]:
        """The log of replays."""
        query = select(*_columns(RunRow, Run))
        return self._all(query.order_by(RunRow.started_at, RunRow.run_id), Run)

    def may_see_arms(self) -> bool:
        """Whether who reads may see the arms of open-label domains."""
        if self._person is not None:
            return bool(places_of(self._person, Surface.OPEN_ARMS))
        if self._dialect != "postgresql":
            return True
        asked = text("SELECT has_table_privilege(:view, 'SELECT')")
        return bool(self._connection.scalar(asked, {"view": OPEN_LABEL}))

    @property
    def _dialect(self) -> str:
        return self._connection.dialect.name

    def _all(
        self, query: Select[*tuple[Any, ...]], view: type[ViewT]
    ) -> tuple[ViewT, ...]:
        rows = self._connection.execute(query).mappings()
        return tuple(view(**row) for row in rows)

    def _judged(self, trial: str | None) -> dict[str, JudgedOutcome]:
        """By outcome id: what a human said last, where it was not taken back."""
        query = _only(
            select(*_columns(JudgedOutcomeRow, JudgedOutcome)),
            JudgedOutcomeRow,
            trial=trial,
        ).order_by(JudgedOutcomeRow.number)
        last = {one.outcome_id: one for one in self._all(query, JudgedOutcome)}
        return {k: one for k, one in last.items() if one.judged_as != "taken_back"}

    def _screenings(
        self,
        query: Select[*tuple[Any, ...]],
        equal: dict[str, str | None],
        at: datetime | None,
    ) -> tuple[ScreeningView, ...]:
        signed = answered(self._connection, at, **equal)
        shown = []
        ordered = _where(query, ScreeningRow)
        for row in self._connection.execute(ordered).mappings():
            told = dict(row)
            message = decode(TRIAL_SCREENING, told.pop("document").encode())
            without = told["status_while_open"]
            shown.append(
                ScreeningView(
                    **told,
                    criteria=message.criteria,
                    status_with_answers=signed.get(message.screening_id, without),
                )
            )
        return tuple(shown)


_OF_THE_DOCUMENT = ("definition", "lower", "upper", "parts", "amends")
"""What an outcome's message tells and its row has no column for."""

_DERIVED = ("criteria", "status_while_open", "status_with_answers")
"""What a screening shows and its row does not have."""


def _outcomes() -> Select[*tuple[Any, ...]]:
    shown = {field.name for field in fields(OutcomeView)}
    held = sorted(shown - {*_OF_THE_DOCUMENT, "judged"})
    return select(*(getattr(OutcomeRow, name) for name in held), OutcomeRow.document)


def _outcome(row: dict[str, Any], judged: dict[str, JudgedOutcome]) -> OutcomeView:
    message = decode(TRIAL_OUTCOME, row.pop("document").encode())
    told = {name: getattr(message, name) for name in _OF_THE_DOCUMENT}
    return OutcomeView(**row, **told, judged=judged.get(message.outcome_id))


def _columns(row: type[Any], view: type[Any]) -> list[Any]:
    """The row's columns by the names of the view's fields."""
    return [getattr(row, f.name) for f in fields(view) if f.name not in _DERIVED]


def _onsets() -> Select[*tuple[Any, ...]]:
    return select(*_columns(OnsetRow, OnsetView))


def _screenings() -> Select[*tuple[Any, ...]]:
    """Each revision beside the last of its screening with the window open."""
    row, state = ScreeningRow, ScreeningStateRow
    told = select(
        *_columns(row, ScreeningView),
        row.document,
        state.open_status.label("status_while_open"),
    )
    return told.join_from(row, state, row.screening_id == state.screening_id)


def _latest(
    query: Select[*tuple[Any, ...]], row: type[Any], thing: str
) -> Select[*tuple[Any, ...]]:
    """Only the highest revision of each thing."""
    name = getattr(row, thing)
    last = (
        select(name.label("thing"), func.max(row.revision).label("last"))
        .group_by(name)
        .subquery()
    )
    return query.join(last, and_(name == last.c.thing, row.revision == last.c.last))


def _where(
    query: Select[*tuple[Any, ...]], row: type[Any], **equal: str | None
) -> Select[*tuple[Any, ...]]:
    """Filtered by what is told, in the order in which it became known."""
    order = (row.known_at, row.site, row.patient, row.message_id)
    return _only(query, row, **equal).order_by(*order)


def _only(
    query: Select[*tuple[Any, ...]], row: type[Any], **equal: str | None
) -> Select[*tuple[Any, ...]]:
    for name, value in equal.items():
        if value is not None:
            query = query.where(getattr(row, name) == value)
    return query
