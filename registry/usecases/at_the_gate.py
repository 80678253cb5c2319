"""What the gate of a randomisation looks at, and where the patient belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.consent import ConsentState
from registry.domain.enrolment import Case, Gate, Obstacle, eligible_arms, gate
from registry.domain.protocol import DomainDesign
from registry.domain.stratum import among_arms, stratum_key
from registry.usecases.declared import excluding, recruits, terms_of
from registry.usecases.declined import declined
from registry.usecases.gate_facts import GateFacts, Place
from registry.usecases.holding import Holding
from registry.usecases.one_person import Merged, person_of
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_answer import valid_answers
from registry.usecases.records import ProtocolVersion
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import TrialScreening, Truth


class Asking(Protocol):
    """Who is to be randomised in which domain, and when."""

    @property
    def place(self) -> Place:
        """Whom it is about."""
        ...

    @property
    def at(self) -> datetime:
        """When it is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a patient belongs: the arms that may be drawn, and their stratum."""

    design: DomainDesign | None
    """None where fewer than two arms are left."""
    stratum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at everything: the facts, the gate for them, the patient's place."""

    facts: GateFacts
    gate: Gate
    placed: Placed
    key_commitment: str | None
    """Of the key that the protocol in force is to be drawn by."""
    chains: frozenset[str]
    """The trial, and those it excludes: whose acts are kept out meanwhile."""


def look(asking: Asking, uow: UnitOfWork) -> Seen:
    """Everything that stands now; it takes no lock."""
    facts = uow.gate.facts(asking.place)
    answers = _answers(facts, asking, uow)
    trial = asking.place.trial
    in_force = uow.protocols.in_force_of(facts.standing.protocols)
    active = next((v for v in in_force if v.trial == trial), None)
    rivals = excluding(trial, terms_of(in_force))
    return Seen(
        facts=facts,
        gate=_gate(asking, facts, answers, active, uow, has_rivals=bool(rivals)),
        placed=_placed(facts.screening, facts.design, answers),
        key_commitment=None if active is None else active.key_commitment,
        chains=rivals | {trial},
    )


def _gate(
    asking: Asking,
    facts: GateFacts,
    answers: dict[str, Truth],
    active: ProtocolVersion | None,
    uow: UnitOfWork,
    *,
    has_rivals: bool,
) -> Gate:
    if facts.standing.participant is None:
        return Gate((Obstacle(ErrorCode.NO_CONSENT, "no_consent", "not asked"),))
    place = asking.place
    person = _person(facts, place, uow)
    return gate(
        Case(
            at=asking.at,
            mode=facts.mode,
            screening=facts.screening,
            answers=answers,
            consent=facts.consent,
            design=facts.design,
            protocol_hash=None if active is None else active.protocol_hash,
            can_seal=uow.can_seal,
            survivor=None if person.survivor == place.patient else person.survivor,
            also_takes_part=_also_takes_part(place, person),
            site_closed=active is not None and not recruits(active, place.site),
            declined=_declined(facts, place, person, uow),
            excluded_by=Holding(uow).conflicts(place.site, place.patient, place.trial)
            if has_rivals
            else (),
        )
    )


def _person(facts: GateFacts, place: Place, uow: UnitOfWork) -> Merged:
    """Of whom no merge tells, nothing more is to be asked."""
    if facts.standing.merges:
        return person_of(place.site, place.patient, uow)
    return Merged(place.patient, (), ())


def _declined(
    facts: GateFacts, place: Place, person: Merged, uow: UnitOfWork
) -> str | None:
    """Who consents says yes by this name: a no is by another, or is an opt-out."""
    standing = facts.standing
    if facts.consent is not ConsentState.GIVEN:
        return None
    if not standing.opt_outs and not standing.merges:
        return None
    no = declined(person, place.site, place.trial, uow)
    return None if no is None else no.value


def _answers(facts: GateFacts, asking: Asking, uow: UnitOfWork) -> dict[str, Truth]:
    """The signed answers that count at that moment."""
    if facts.screening is None or not facts.standing.answers:
        return {}
    return valid_answers(facts.screening, uow, at=asking.at)


def _placed(
    screening: TrialScreening | None,
    design: DomainDesign | None,
    answers: dict[str, Truth],
) -> Placed:
    """Who may get every arm shares the stratum's draws; other sets have their own."""
    stratum = "" if screening is None else stratum_key(screening.stratum)
    if screening is None or design is None or not screening.interventions:
        return Placed(design, stratum)
    narrowed = design.among(eligible_arms(screening, answers))
    if narrowed is None or narrowed == design:
        return Placed(narrowed, stratum)
    return Placed(narrowed, among_arms(stratum, (arm.name for arm in narrowed.arms)))


def _also_takes_part(place: Place, person: Merged) -> tuple[str, ...]:
    """As whom else this person is a participant of the trial."""
    return tuple(
        one.participant
        for one in person.participants
        if one.trial == place.trial and one.patient != place.patient
    )
