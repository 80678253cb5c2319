"""All the registry has to say of one patient, gathered from one snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter

from registry.app.patients import Key, Patients
from registry.app.wording import in_words
from registry.domain.participant import Consent, HumanAnswer
from registry.domain.role_matrix import may
from registry.domain.roles import Person, Surface
from registry.store.listings import AlertView, ParticipantView, ScreeningView
from registry.store.unit_of_work import Registry
from registry.store.views import Views
from registry.usecases.records import ProtocolVersion
from streams.app.protocols import shipped_protocols
from streams.pipeline.state import PatientState
from streams.vocabulary.kinds.standing import Confirm
from streams.vocabulary.messages import (
    RosterEntry,
    SepsisOnset,
    TrialOutcome,
    TrialScreening,
)
from streams.vocabulary.protocol import Criterion, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A criterion in the protocol's words."""

    text: str
    question: str | None
    """What a human is asked where the record cannot say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What is known of a patient, what was judged of it, and what people did."""

    site: str
    patient: str
    facts: int
    """How many are on record."""
    clock: datetime | None
    """The moment of the last evaluation."""
    flags: tuple[SepsisOnset, ...]
    screenings: tuple[TrialScreening, ...]
    """The latest revisions."""
    history: tuple[ScreeningView, ...]
    """All revisions of the screenings, without what only the messages carry."""
    outcomes: tuple[TrialOutcome, ...]
    roster: tuple[RosterEntry, ...]
    answers: tuple[HumanAnswer, ...]
    consents: tuple[Consent, ...]
    randomisations: tuple[ParticipantView, ...]
    """The arm only where all may see it."""
    alerts: tuple[AlertView, ...]
    wordings: dict[str, dict[str, Wording]]
    """By protocol hash, then domain/criterion, where that protocol is at hand."""
    evidence: dict[str, str]
    """By event id, in words; a fact since corrected has none."""


EXPLANATIONS: TypeAdapter[tuple[Explanation, ...]] = TypeAdapter(
    tuple[Explanation, ...]
)
"""What `ember explain --json` prints."""


def known_patients(book: Registry) -> tuple[Key, ...]:
    """Site and pseudonym of everybody the registry has a record of."""
    with book.transaction() as uow:
        return uow.stream.patients()


def explanation(book: Registry, key: Key, *, at: datetime | None = None) -> Explanation:
    """What there is to say of this patient; answers as `Views.screenings` counts them."""
    site, patient = key
    with book.transaction() as uow:
        state = Patients().state(key, uow)
    with book.reading() as views:
        if book.person is not None:
            _leave(state, views, book.person)
        people = views.participants(
            site=site, patient=patient, may_see_arms=views.may_see_arms()
        )
        return Explanation(
            site=site,
            patient=patient,
            facts=len(state.timeline),
            clock=state.clock,
            flags=tuple(state.flags.values()),
            screenings=tuple(state.screenings.values()),
            history=views.screening_history(site, patient, at=at),
            outcomes=tuple(state.outcomes.values()),
            roster=tuple(state.roster.values()),
            answers=views.answers(site, patient),
            consents=views.consents(site, patient),
            randomisations=tuple(p for p in people if p.randomised_at is not None),
            alerts=views.alerts(site=site, patient=patient),
            wordings=_wordings(state, views.protocols()),
            evidence=_evidence(state),
        )


def _leave(state: PatientState, views: Views, person: Person) -> None:
    """Only what this person may see stays of what the pipeline holds of a patient."""
    site, patient = state.site, state.patient
    flags = {one.flag_id for one in views.onset_history(site, patient)}
    screened = {one.screening_id for one in views.screening_history(site, patient)}
    told = {one.outcome_id for one in views.outcomes(patient=patient)}
    state.flags = {k: f for k, f in state.flags.items() if f.flag_id in flags}
    state.screenings = {
        k: s for k, s in state.screenings.items() if s.screening_id in screened
    }
    state.outcomes = {k: o for k, o in state.outcomes.items() if o.outcome_id in told}
    state.roster = {
        k: entry
        for k, entry in state.roster.items()
        if may(person, Surface.PARTICIPANTS, site=site, trial=entry.trial)
    }


def _wordings(
    state: PatientState, activated: Iterable[ProtocolVersion]
) -> dict[str, dict[str, Wording]]:
    """Of the protocols that judged: as activated, or else as shipped."""
    wanted = {screening.protocol_hash for screening in state.screenings.values()}
    held = [
        Protocol.model_validate_json(version.document)
        for version in activated
        if version.protocol_hash in wanted
    ]
    return {
        protocol.digest: _worded(protocol)
        for protocol in (*shipped_protocols(), *held)
        if protocol.digest in wanted
    }


def _worded(protocol: Protocol) -> dict[str, Wording]:
    """By domain and criterion, since two domains may use one name."""
    return {
        f"{domain.id}/{criterion.id}": Wording(
            text=criterion.text, question=_question(criterion)
        )
        for domain in protocol.domains
        for criterion in (*protocol.criteria, *domain.criteria)
    }


def _question(criterion: Criterion) -> str | None:
    rule = criterion.rule
    return rule.question if isinstance(rule, Confirm) else criterion.question


def _evidence(state: PatientState) -> dict[str, str]:
    said = (
        *(flag.evidence for flag in state.flags.values()),
        *(c.evidence for flag in state.flags.values() for c in flag.components),
        *(c.evidence for s in state.screenings.values() for c in s.criteria),
        *(outcome.evidence for outcome in state.outcomes.values()),
    )
    facts = {name: state.timeline.fact(name) for ids in said for name in ids}
    return {name: in_words(fact) for name, fact in facts.items() if fact is not None}
