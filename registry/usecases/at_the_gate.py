"""What the gate of a randomisation looks at, and where the patient belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from registry.domain.consent_terms import NOT_ASKED, Stand, Terms
from registry.domain.delegation import Signing, signing, what_is_signed
from registry.domain.enrolment import (
    Case,
    Gate,
    Obstacle,
    eligible_arms,
    gate,
    status_with_answers,
)
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.pause import Place
from registry.domain.placement import Placement, nowhere, placement
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.methods import Adaptive
from registry.domain.randomisation.vector import Vector
from registry.domain.stratum import stratum_key
from registry.usecases.consent_stands import declared_terms, stand_by
from registry.usecases.declared import (
    asks_for_signature,
    excluding,
    recruits,
    terms_of,
)
from registry.usecases.declined import declined
from registry.usecases.gate_facts import GateFacts, Standing, Whom
from registry.usecases.holding import Holding
from registry.usecases.one_person import Merged, person_of, takes_part_as
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_answer import valid_answers
from registry.usecases.records import ProtocolVersion
from registry.usecases.strata import waited_until
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.messages import ScreeningStatus, Truth


class Asking(Protocol):
    """Who is to be randomised in which domain, and when."""

    @property
    def whom(self) -> Whom:
        """Whom it is about."""
        ...

    @property
    def at(self) -> datetime:
        """When it is asked for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One look at everything: the facts, the gate for them, the patient's place."""

    facts: GateFacts
    consent: Consent | None
    """The participant's last word."""
    gate: Gate
    placed: Placement
    design: DomainDesign | None
    """As it stands, with the arms that are paused; None without such a domain."""
    status: ScreeningStatus | None
    """The verdict with the answers counted in; None of whom nobody screened."""
    left: frozenset[str] | None
    """The arms that nothing speaks against; None: every one."""
    key_commitment: str | None
    """Of the key that the protocol in force is to be drawn by."""
    chains: frozenset[str]
    """The trial, and those it excludes: whose acts are kept out meanwhile."""

    @property
    def alone(self) -> bool:
        """The person has no other name, and the trial excludes no other.

        Then nothing the gate looks at is without its number.
        """
        return not self.facts.standing.merges and len(self.chains) == 1


def look(asking: Asking, uow: UnitOfWork, *, confirming: bool = False) -> Seen:
    """Everything that stands now; it takes no lock.

    `confirming`: as if the domain deferred nothing, to see what is not settled.
    """
    facts = uow.gate.facts(asking.whom)
    trial, standing = asking.whom.trial, facts.standing
    in_force = uow.protocols.in_force_of(standing.protocols)
    active = next((v for v in in_force if v.trial == trial), None)
    rivals = excluding(trial, terms_of(in_force))
    beside = _beside(asking, facts, active, uow)
    if confirming and beside.design is not None:
        beside = replace(beside, design=replace(beside.design, deferred=False))
    return Seen(
        facts=facts,
        consent=beside.words[-1] if beside.words else None,
        gate=_gate(asking, facts, beside, uow, has_rivals=bool(rivals)),
        placed=_placed(asking, facts, beside, uow),
        design=beside.design,
        status=_status(facts, beside),
        left=_left(facts, beside),
        key_commitment=None if active is None else active.key_commitment,
        chains=rivals | {trial},
    )


def _status(facts: GateFacts, beside: _Beside) -> ScreeningStatus | None:
    if facts.screening is None:
        return None
    return status_with_answers(facts.screening, beside.answers)


def _left(facts: GateFacts, beside: _Beside) -> frozenset[str] | None:
    """The arms left by the verdict, the answers and what was drawn before."""
    if facts.screening is None:
        return None
    told = facts.screening.interventions
    left = eligible_arms(facts.screening, beside.answers) if told else None
    if beside.design is None or not beside.barred:
        return left
    return frozenset(beside.design.ratio if left is None else left) - beside.barred


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What is read after the facts, as far as their numbers tell that there is any."""

    active: ProtocolVersion | None
    paused: frozenset[Place]
    design: DomainDesign | None
    """With the arms that are paused; None where no active protocol has the domain."""
    words: tuple[Consent, ...]
    """All that the participant said, in order."""
    answers: dict[str, Truth]
    """The signed ones that count at that moment."""
    barred: frozenset[str]
    """The domain's arms that go with no domain the participant was drawn in."""


def _beside(
    asking: Asking, facts: GateFacts, active: ProtocolVersion | None, uow: UnitOfWork
) -> _Beside:
    standing, design, screening = facts.standing, facts.design, facts.screening
    paused: frozenset[Place] = frozenset()
    words: tuple[Consent, ...] = ()
    answers: dict[str, Truth] = {}
    if standing.pauses:
        paused = uow.pauses.standing(asking.whom.trial)
    if standing.participant is not None:
        words = uow.participants.consents_of([standing.participant])
    if screening is not None and standing.answers:
        answers = valid_answers(screening, uow, at=asking.at)
    return _Beside(
        active=active,
        paused=paused,
        design=None if design is None else design.paused_by(paused),
        words=words,
        answers=answers,
        barred=_barred(asking.whom, standing, uow),
    )


def _gate(
    asking: Asking,
    facts: GateFacts,
    beside: _Beside,
    uow: UnitOfWork,
    *,
    has_rivals: bool,
) -> Gate:
    if facts.standing.participant is None:
        return Gate((Obstacle(ErrorCode.NO_CONSENT, "no_consent", "not asked"),))
    whom, active = asking.whom, beside.active
    person = _person(facts.standing, whom, uow)
    consented = _consented(asking, facts.standing, beside, uow)
    return gate(
        Case(
            at=asking.at,
            mode=facts.mode,
            screening=facts.screening,
            answers=beside.answers,
            consent=consented.standing,
            renew=consented.renew,
            design=beside.design,
            protocol_hash=None if active is None else active.protocol_hash,
            can_seal=uow.can_seal,
            survivor=None if person.survivor == whom.patient else person.survivor,
            also_takes_part=takes_part_as(person, whom.patient, whom.trial),
            site_closed=active is not None and not recruits(active, whom.site),
            site_paused=Place(site=whom.site) in beside.paused,
            excluding_arms=_excluding_arms(facts.standing, beside, uow),
            barred_arms=beside.barred,
            declined=_declined(consented, facts.standing, whom, person, uow),
            excluded_by=Holding(uow).conflicts(whom.site, whom.patient, whom.trial)
            if has_rivals
            else (),
            green_light=facts.green_light,
            signature=_signature(asking, facts, beside, uow),
            waited_until=waited_until(facts.screening, uow),
        )
    )


def _excluding_arms(
    standing: Standing, beside: _Beside, uow: UnitOfWork
) -> tuple[tuple[str, str], ...]:
    """What of the arms drawn before the domain does not go with."""
    design = beside.design
    if design is None or not design.not_with or not standing.drawn:
        return ()
    given = uow.allocations.open_arms_of(standing.participant or "")
    return tuple(pair for pair in design.not_with if pair in given)


def _barred(whom: Whom, standing: Standing, uow: UnitOfWork) -> frozenset[str]:
    """The arms that shut a domain in which the participant was drawn already.

    Whichever of two domains comes first, nobody is given what the protocol keeps apart.
    """
    if standing.participant is None or not standing.drawn:
        return frozenset()
    drawn_in = {
        domain for _, domain in uow.allocations.domains_of([standing.participant])
    }
    published = uow.published.designs(whom.trial, versions=standing.protocols) or {}
    return frozenset(
        arm
        for design in published.values()
        if design.domain in drawn_in
        for domain, arm in design.not_with
        if domain == whom.domain
    )


def _person(standing: Standing, whom: Whom, uow: UnitOfWork) -> Merged:
    """Of whom no merge tells, nothing more is to be asked."""
    if standing.merges:
        return person_of(whom.site, whom.patient, uow)
    return Merged(whom.patient, (), ())


def _consented(
    asking: Asking, standing: Standing, beside: _Beside, uow: UnitOfWork
) -> Stand:
    """Where consent stands; of whom nobody asked, that nobody did."""
    if standing.participant is None or not beside.words:
        return NOT_ASKED
    active = beside.active
    terms = (
        Terms() if active is None else declared_terms(active.document, asking.whom.site)
    )
    return stand_by(standing.participant, beside.words, terms, uow, at=asking.at)


def _declined(
    consented: Stand, standing: Standing, whom: Whom, person: Merged, uow: UnitOfWork
) -> str | None:
    """Who consents says yes by this name: a no is by another, or is an opt-out."""
    if not consented.permits.randomise:
        return None
    if not standing.opt_outs and not standing.merges:
        return None
    no = declined(person, whom.site, whom.trial, uow)
    return None if no is None else no.value


def _signature(
    asking: Asking, facts: GateFacts, beside: _Beside, uow: UnitOfWork
) -> Signing:
    """How the signature stands; in no other mode than live is one asked for."""
    screening, active = facts.screening, beside.active
    if screening is None or active is None or facts.mode is not Mode.LIVE:
        return Signing.NOT_ASKED_FOR
    if not asks_for_signature(active):
        return Signing.NOT_ASKED_FOR
    return signing(
        uow.signatures.latest(screening.screening_id),
        signed=what_is_signed(screening, beside.answers),
        log=uow.delegations.latest(trial=asking.whom.trial, site=asking.whom.site),
        at=asking.at,
    )


def _placed(
    asking: Asking, facts: GateFacts, beside: _Beside, uow: UnitOfWork
) -> Placement:
    """Where the patient belongs by this verdict and the answers that count."""
    screening, design = facts.screening, beside.design
    stratum = "" if screening is None else stratum_key(screening.stratum)
    if screening is None or design is None:
        return nowhere(stratum)
    return placement(
        design,
        stratum=stratum,
        eligible=_left(facts, beside),
        vector=_vector_in_force(design, stratum, asking, facts.standing, uow),
        confirmed=_status(facts, beside) == "eligible",
    )


def _vector_in_force(
    design: DomainDesign,
    stratum: str,
    asking: Asking,
    standing: Standing,
    uow: UnitOfWork,
) -> Vector | None:
    """The last one published; None where the protocol's own is drawn by."""
    if not isinstance(design.method, Adaptive) or not standing.vectors:
        return None
    published = uow.vectors.in_force(
        trial=asking.whom.trial,
        domain=design.domain,
        stratum=stratum,
        design=design.schedule(),
    )
    return None if published is None else published.vector
