"""The definitions of the catalogue: one episode a stay, a culture or a presentation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from streams.clinical.catalogue.answer import Answer, Cell, Episode
from streams.clinical.catalogue.rule import Question, answer
from streams.clinical.definitions.ase.bse import ShockEvent, bacteremia_shock_events
from streams.clinical.definitions.ase.cultures import is_blood_culture
from streams.clinical.definitions.ase.event import AdultSepsisEvent
from streams.clinical.definitions.ase.events import counting_events
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.phoenix_sepsis import (
    PhoenixSepsis,
    PhoenixSepsisPolicy,
    phoenix_sepsis,
)
from streams.clinical.definitions.policies import Sepsis3Policy, SuspicionPolicy
from streams.clinical.definitions.sep1 import Sep1Policy, SevereSepsis, severe_sepsis
from streams.clinical.definitions.sep1_shock import septic_shock as sep1_shock
from streams.clinical.definitions.sepsis3 import NO_ENCOUNTER, Sepsis3Episode
from streams.clinical.definitions.septic_shock import SepticShock, septic_shock
from streams.clinical.definitions.shock_policies import ShockPolicy
from streams.clinical.definitions.suspicion import Suspicion, suspicions
from streams.clinical.definitions.tracker import sepsis3
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import CultureCollected
from streams.vocabulary.truth import TRUE, UNKNOWN, Truth3, any_of


SUSPICION = ("antimicrobial_at", "culture_at", "culture_first", "date_only")
SEPSIS3 = (
    *("suspicion_at", "dysfunction_at", "antimicrobial_at", "culture_at"),
    *("score", "score_lower", "score_upper", "baseline"),
)
SHOCK = (
    *("sepsis_at", "vasopressor_at", "lactate_at", "vasopressor", "lactate"),
    *("pressure", "fluid", "fluid_low_ml", "fluid_high_ml"),
)
ASE = (
    *("culture_day", "hospital_day", "onset_type", "antimicrobial_days"),
    *("antimicrobials", "dysfunctions", "reason", "provisional_at"),
    *("confirmed_at", "withdrawn_at", "repeat"),
)
BSE = (
    *("culture_day", "hospital_day", "onset_type", "organisms", "vasopressor"),
    *("provisional_at", "confirmed_at", "withdrawn_at"),
)
SEP1 = ("infection_at", "inflammation", "organs", "evident_at")
SEP1_SHOCK = ("time_zero", "by_lactate", "by_pressure")
PHOENIX = (
    *("suspicion_at", "applies", "excluded_for", "dysfunction_at", "shock", "shock_at"),
    *("score", "score_lower", "score_upper"),
)


def ask_suspicion(question: Question, policy: SuspicionPolicy) -> Answer:
    """Every antimicrobial that pairs with a culture."""
    found = suspicions(question.timeline, policy=policy, now=question.at)
    return defined(question, map(_suspicion, found), missing=_NO_SUSPICION)


def ask_sepsis3(question: Question, policy: Sepsis3Policy) -> Answer:
    """Each episode: provisional until its window closes."""
    found = sepsis3(question.timeline, policy=policy, now=question.at)
    episodes = [_sepsis3(one, question.at) for one in found]
    return defined(question, episodes, missing=_NO_SUSPICION)


def ask_septic_shock(question: Question, policy: ShockPolicy) -> Answer:
    """Each septic episode, in shock or not."""
    found = septic_shock(question.timeline, policy=policy, now=question.at)
    return defined(question, map(_shock, found), missing=_NO_SUSPICION)


def ask_ase(question: Question, policy: AsePolicy) -> Answer:
    """Each culture's event; those that only repeat another are told and marked so."""
    if question.zone is None:
        return _no_zone(question)
    found, _ = counting_events(
        question.timeline, zone=question.zone, policy=policy, now=question.at
    )
    told = [_ase(one, repeat=False) for one, counts in found if counts]
    told += [_ase(one, repeat=True) for one, counts in found if not counts]
    return defined(question, told, missing=_lacking(question, "antimicrobial_day"))


def ask_bse(question: Question, policy: AsePolicy) -> Answer:
    """Each Bacteremia/Fungemia Shock Event."""
    if question.zone is None:
        return _no_zone(question)
    found = bacteremia_shock_events(
        question.timeline, zone=question.zone, policy=policy, now=question.at
    )
    return defined(
        question, map(_bse, found), missing=_lacking(question, "recognised_pathogen")
    )


def _lacking(question: Question, beside: str) -> tuple[str, ...]:
    """What an event lacks: a blood culture, or what must come beside it."""
    taken = question.timeline.between(
        CultureCollected, "culture_collected", ALWAYS, question.at
    )
    return (beside,) if any(map(is_blood_culture, taken)) else ("blood_culture",)


def ask_sep1(question: Question, policy: Sep1Policy) -> Answer:
    """The first presentation of each hospital stay."""
    found = severe_sepsis(question.timeline, policy=policy, now=question.at)
    return defined(question, map(_sep1, found), missing=_NO_SUSPICION)


def ask_sep1_shock(question: Question, policy: Sep1Policy) -> Answer:
    """Each presentation of severe sepsis, in shock or not."""
    found = severe_sepsis(question.timeline, policy=policy, now=question.at)
    episodes = [_sep1_shock(one, policy, question) for one in found]
    return defined(question, episodes, missing=_NO_SUSPICION)


def ask_phoenix_sepsis(question: Question, policy: PhoenixSepsisPolicy) -> Answer:
    """Each hospital stay in which infection was suspected."""
    found = phoenix_sepsis(question.timeline, policy=policy, now=question.at)
    return defined(question, map(_phoenix, found), missing=_NO_SUSPICION)


def defined(
    question: Question, found: Iterable[Episode], *, missing: tuple[str, ...]
) -> Answer:
    """All episodes; UNKNOWN where there is none.

    That nothing was charted is no proof that the patient is well: what is `missing`
    would have to be there for an episode to be told at all.
    A withdrawn episode no longer holds, and proves nothing of another.
    """
    episodes = tuple(found)
    last = episodes[-1] if episodes else None
    return replace(
        answer(question),
        truth=any_of(one.met for one in episodes) if episodes else UNKNOWN,
        episodes=episodes,
        status=None if last is None else last.status,
        final_at=None if last is None else last.final_at,
        evidence=_each(e for one in episodes for e in one.evidence),
        missing=_each(m for one in episodes for m in one.missing)
        if episodes
        else missing,
    )


_NO_SUSPICION = ("suspected_infection",)


def _suspicion(found: Suspicion) -> Episode:
    return Episode(
        encounter=found.encounter,
        stay=found.stay,
        met=TRUE,
        onset=found.suspected_at,
        status="confirmed",
        final_at=found.evident_at,
        values=(
            found.antimicrobial_at,
            found.culture_at,
            found.culture_first,
            found.date_only,
        ),
        evidence=found.signs,
    )


def _sepsis3(found: Sepsis3Episode, at: datetime) -> Episode:
    return Episode(
        encounter=_named(found.encounter),
        stay=found.stay,
        met=TRUE,
        onset=found.onset_at,
        status="confirmed" if at >= found.window_closes_at else "provisional",
        final_at=found.window_closes_at,
        values=(
            *(found.suspicion_at, found.dysfunction_at),
            *(found.antimicrobial_at, found.culture_at),
            *(found.score, found.lower, found.upper, found.baseline),
        ),
        components=found.components,
        evidence=found.evidence,
        missing=found.missing,
    )


def _shock(found: SepticShock) -> Episode:
    fluid = found.resuscitation
    told: tuple[Cell, ...] = (None, None, None)
    if fluid is not None:
        told = (fluid.adequate.value, fluid.low_ml, fluid.high_ml)
    return Episode(
        encounter=_named(found.encounter),
        stay=found.stay,
        met=found.met,
        onset=found.onset_at,
        status=found.status,
        final_at=found.final_at,
        values=(
            *(found.sepsis_at, found.vasopressor_at, found.lactate_at),
            *(found.vasopressor.value, found.lactate.value, found.pressure.value),
            *told,
        ),
        evidence=found.evidence,
        missing=found.missing,
    )


def _ase(found: AdultSepsisEvent, *, repeat: bool) -> Episode:
    return Episode(
        encounter=_named(found.encounter),
        stay=None,
        met=_of_status(found.status),
        onset=found.onset_day,
        status=found.status,
        final_at=found.final_at,
        values=(
            *(found.culture_day, found.hospital_day, found.onset),
            _listed(day.isoformat() for day in found.antimicrobial_days),
            _listed(found.antimicrobials),
            _listed(f"{one.name} {one.day}" for one in found.dysfunctions),
            found.reason,
            *(found.provisional_at, found.confirmed_at, found.withdrawn_at),
            repeat,
        ),
        evidence=found.evidence,
    )


def _bse(found: ShockEvent) -> Episode:
    return Episode(
        encounter=_named(found.encounter),
        stay=None,
        met=_of_status(found.status),
        onset=found.onset_day,
        status=found.status,
        final_at=found.final_at,
        values=(
            *(found.culture_day, found.hospital_day, found.onset),
            _listed(found.organisms),
            f"{found.vasopressor.detail} {found.vasopressor.day}".strip(),
            *(found.provisional_at, found.confirmed_at, found.withdrawn_at),
        ),
        evidence=found.evidence,
    )


def _sep1(found: SevereSepsis) -> Episode:
    return Episode(
        encounter=_named(found.encounter),
        stay=None,
        met=TRUE,
        onset=found.zero,
        status=found.status,
        final_at=found.final_at,
        values=(
            found.infection_at,
            _listed(sign.name for sign in found.inflammation),
            _listed(sign.name for sign in found.organs),
            found.evident_at,
        ),
        evidence=found.evidence,
    )


def _sep1_shock(found: SevereSepsis, policy: Sep1Policy, question: Question) -> Episode:
    shock = sep1_shock(question.timeline, found, policy=policy, now=question.at)
    return Episode(
        encounter=_named(found.encounter),
        stay=None,
        met=shock.shock,
        onset=shock.at,
        status=shock.status,
        final_at=shock.final_at,
        values=(found.zero, shock.by_lactate.value, shock.by_pressure.value),
        evidence=_each((*found.evidence, *shock.evidence)),
        missing=("crystalloid",) if shock.by_pressure is UNKNOWN else (),
    )


def _phoenix(found: PhoenixSepsis) -> Episode:
    return Episode(
        encounter=found.encounter,
        stay=None,
        met=found.sepsis,
        onset=found.onset_at,
        status=found.status,
        final_at=found.final_at,
        values=(
            *(found.suspicion_at, found.population.applies.value),
            _listed(found.population.excluded_for),
            *(found.dysfunction_at, found.shock.value, found.shock_at),
            *(found.score.total, found.score.lower, found.score.upper),
        ),
        components=found.score.components,
        evidence=found.evidence,
        missing=_each((*found.population.unknown, *found.score.missing)),
        made_for="age" not in found.population.excluded_for,
    )


def _of_status(status: str) -> Truth3:
    """A confirmed event is one; a provisional may be; of a withdrawn nothing is left."""
    return {"confirmed": TRUE, "provisional": UNKNOWN, "withdrawn": Truth3.FALSE}[
        status
    ]


def _no_zone(question: Question) -> Answer:
    """Calendar days are not told by instants alone."""
    return replace(answer(question), truth=UNKNOWN, missing=("hospital_time_zone",))


def _named(encounter: str) -> str | None:
    return None if encounter == NO_ENCOUNTER else encounter


def _listed(names: Iterable[str]) -> str:
    """Several names in one cell; organisms and drugs have blanks in theirs."""
    return "; ".join(names)


def _each(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
