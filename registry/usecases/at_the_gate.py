"""What the gate of a randomisation looks at, and where the patient belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from registry.domain.consent import ConsentState
from registry.domain.enrolment import Case, eligible_arms
from registry.domain.mode import Mode
from registry.domain.participant import Consent
from registry.domain.protocol import DomainDesign
from registry.domain.stratum import among_arms, stratum_key
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


def case_of(
    asking: Asking,
    uow: UnitOfWork,
    screening: TrialScreening | None,
    consent: Consent | None,
    design: DomainDesign | None,
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
        design=design,
        protocol_hash=None if active is None else active.protocol_hash,
        can_seal=uow.can_seal,
        survivor=None if person.survivor == asking.patient else person.survivor,
        also_takes_part=_also_takes_part(asking, person),
        site_closed=active is not None and not recruits(active, asking.site),
        declined=None if no is None else no.value,
        excluded_by=Holding(uow).conflicts(asking.site, asking.patient, asking.trial),
    )


def answers_at(
    screening: TrialScreening | None, asking: Asking, uow: UnitOfWork
) -> dict[str, Truth]:
    """The signed answers that count at that moment."""
    return {} if screening is None else valid_answers(screening, uow, at=asking.at)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a patient belongs: the arms that may be drawn, and their stratum."""

    design: DomainDesign | None
    """None where fewer than two arms are left."""
    stratum: str


def placed(
    screening: TrialScreening | None,
    design: DomainDesign | None,
    asking: Asking,
    uow: UnitOfWork,
) -> Placed:
    """Who may get every arm shares the stratum's draws; other sets have their own."""
    stratum = stratum_of(screening)
    if screening is None or design is None or not screening.interventions:
        return Placed(design, stratum)
    eligible = eligible_arms(screening, answers_at(screening, asking, uow))
    narrowed = design.among(eligible)
    if narrowed is None or narrowed == design:
        return Placed(narrowed, stratum)
    return Placed(narrowed, among_arms(stratum, (arm.name for arm in narrowed.arms)))


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
