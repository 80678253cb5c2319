"""What the gate of a randomisation looks at, and where the patient belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.consent_terms import NOT_ASKED, Stand, Terms
from registry.domain.delegation import Signing, signing, what_is_signed
from registry.domain.enrolment import Case, eligible_arms
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.pause import Place
from registry.domain.placement import Placement, nowhere, placement
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.methods import Adaptive
from registry.domain.randomisation.vector import Vector
from registry.domain.stratum import stratum_key
from registry.usecases.consent_stands import declared_terms, stand_of
from registry.usecases.declared import asks_for_signature, recruits
from registry.usecases.declined import declined
from registry.usecases.holding import Holding
from registry.usecases.one_person import person_of, takes_part_as
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_answer import valid_answers
from registry.usecases.records import ProtocolVersion
from registry.usecases.set_green_light import green_light_given
from registry.usecases.strata import waited_until
from streams.vocabulary.messages import TrialScreening, Truth


class Asking(Protocol):
    """Who is to be randomised in which trial, and when."""

    @property
    def site(self) -> str:
        """Site."""
        ...

    @property
    def patient(self) -> str:
        """Pseudonym."""
        ...

    @property
    def trial(self) -> str:
        """Trial."""
        ...

    @property
    def at(self) -> datetime:
        """When it is asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What recruits, as it stands until the transaction ends."""

    design: DomainDesign | None
    """With the arms that are paused; None where no active protocol has the domain."""
    site_paused: bool


def standing(asking: Asking, domain: str, uow: UnitOfWork) -> Standing:
    """Hold the domain against a pause or another vector, then look what is paused."""
    design = uow.protocols.domain(asking.trial, domain)
    paused = uow.pauses.standing(asking.trial)
    return Standing(
        design=None if design is None else design.paused_by(paused),
        site_paused=Place(site=asking.site) in paused,
    )


def case_of(
    asking: Asking,
    uow: UnitOfWork,
    screening: TrialScreening | None,
    consent: Consent | None,
    stands: Standing,
    mode: Mode,
) -> Case:
    """All that the gate looks at, read inside the locks."""
    active = uow.protocols.active(asking.trial)
    person = person_of(asking.site, asking.patient, uow)
    consented = _consented(asking, active, consent, uow)
    willing = consented.permits.randomise
    no = declined(person, asking.site, asking.trial, uow) if willing else None
    return Case(
        at=asking.at,
        mode=mode,
        screening=screening,
        answers=answers_at(screening, asking, uow),
        consent=consented.standing,
        renew=consented.renew,
        design=stands.design,
        protocol_hash=None if active is None else active.protocol_hash,
        can_seal=uow.can_seal,
        survivor=None if person.survivor == asking.patient else person.survivor,
        also_takes_part=takes_part_as(person, asking.patient, asking.trial),
        site_closed=active is not None and not recruits(active, asking.site),
        site_paused=stands.site_paused,
        declined=None if no is None else no.value,
        excluded_by=Holding(uow).conflicts(asking.site, asking.patient, asking.trial),
        green_light=green_light_given(uow, trial=asking.trial, site=asking.site),
        signature=signing_of(screening, active, asking, uow, mode),
        waited_until=waited_until(screening, uow),
    )


def signing_of(
    screening: TrialScreening | None,
    active: ProtocolVersion | None,
    asking: Asking,
    uow: UnitOfWork,
    mode: Mode,
) -> Signing:
    """How the signature stands; in no other mode than live is one asked for."""
    if screening is None or active is None or mode is not Mode.LIVE:
        return Signing.NOT_ASKED_FOR
    if not asks_for_signature(active):
        return Signing.NOT_ASKED_FOR
    return signing(
        uow.signatures.latest(screening.screening_id),
        signed=what_is_signed(screening, answers_at(screening, asking, uow)),
        log=uow.delegations.latest(trial=asking.trial, site=asking.site),
        at=asking.at,
    )


def answers_at(
    screening: TrialScreening | None, asking: Asking, uow: UnitOfWork
) -> dict[str, Truth]:
    """The signed answers that count at that moment."""
    return {} if screening is None else valid_answers(screening, uow, at=asking.at)


def placed(
    screening: TrialScreening | None,
    design: DomainDesign | None,
    asking: Asking,
    uow: UnitOfWork,
) -> Placement:
    """Where the patient belongs by this verdict and the answers that count."""
    stratum = stratum_of(screening)
    if screening is None or design is None:
        return nowhere(stratum)
    answers = answers_at(screening, asking, uow)
    return placement(
        design,
        stratum=stratum,
        eligible=eligible_arms(screening, answers) if screening.interventions else None,
        vector=_vector_in_force(design, stratum, asking, uow),
    )


def _vector_in_force(
    design: DomainDesign, stratum: str, asking: Asking, uow: UnitOfWork
) -> Vector | None:
    """Nobody publishes another while the domain is held."""
    if not isinstance(design.method, Adaptive):
        return None
    published = uow.vectors.in_force(
        trial=asking.trial,
        domain=design.domain,
        stratum=stratum,
        design=design.schedule(),
    )
    return None if published is None else published.vector


def _consented(
    asking: Asking,
    active: ProtocolVersion | None,
    consent: Consent | None,
    uow: UnitOfWork,
) -> Stand:
    """Where consent stands; of whom nobody asked, that nobody did."""
    known = None if consent is None else uow.participants.one(consent.participant)
    if known is None:
        return NOT_ASKED
    terms = Terms() if active is None else declared_terms(active.document, asking.site)
    return stand_of(known, terms, uow, at=asking.at)


def stratum_of(screening: TrialScreening | None) -> str:
    """The stratum by the verdict, whatever arms are left."""
    return "" if screening is None else stratum_key(screening.stratum)
