"""What the gate of a randomisation looks at, and where the patient belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.consent import ConsentState
from registry.domain.enrolment import Case, eligible_arms
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.pause import Place
from registry.domain.placement import Placement, nowhere, placement
from registry.domain.protocol import DomainDesign
from registry.domain.randomisation.methods import Adaptive
from registry.domain.randomisation.vector import Vector
from registry.domain.stratum import stratum_key
from registry.usecases.declared import recruits
from registry.usecases.declined import declined
from registry.usecases.holding import Holding
from registry.usecases.one_person import Merged, person_of
from registry.usecases.ports import UnitOfWork
from registry.usecases.record_answer import valid_answers
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
    given = consent is not None and consent.state is ConsentState.GIVEN
    no = declined(person, asking.site, asking.trial, uow) if given else None
    return Case(
        at=asking.at,
        mode=mode,
        screening=screening,
        answers=answers_at(screening, asking, uow),
        consent=None if consent is None else consent.state,
        design=stands.design,
        protocol_hash=None if active is None else active.protocol_hash,
        can_seal=uow.can_seal,
        survivor=None if person.survivor == asking.patient else person.survivor,
        also_takes_part=_also_takes_part(asking, person),
        site_closed=active is not None and not recruits(active, asking.site),
        site_paused=stands.site_paused,
        declined=None if no is None else no.value,
        excluded_by=Holding(uow).conflicts(asking.site, asking.patient, asking.trial),
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


def _also_takes_part(asking: Asking, person: Merged) -> tuple[str, ...]:
    """As whom else this person is a participant of the trial."""
    return tuple(
        one.participant
        for one in person.participants
        if one.trial == asking.trial and one.patient != asking.patient
    )


def stratum_of(screening: TrialScreening | None) -> str:
    """The stratum by the verdict, whatever arms are left."""
    return "" if screening is None else stratum_key(screening.stratum)
