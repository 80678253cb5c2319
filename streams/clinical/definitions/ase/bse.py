"""The Bacteremia/Fungemia Shock Event: a pathogen in the blood and a new vasopressor.

A recognised pathogen, no common commensal, by culture or another test of blood, and a
vasopressor begun within two days of taking it; onset is the day of the vasopressor
(p. 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from streams.clinical.definitions.ase.cultures import (
    Culture,
    blood_cultures,
    reached,
    stay_of,
)
from streams.clinical.definitions.ase.days import HospitalDays, hospital_days
from streams.clinical.definitions.ase.dysfunction import Dysfunction, OnsetType
from streams.clinical.definitions.ase.event import Status
from streams.clinical.definitions.ase.organisms import organism
from streams.clinical.definitions.ase.policy import TOOLKIT, AsePolicy
from streams.clinical.definitions.ase.repeats import is_repeat, latest
from streams.clinical.definitions.ase.stays import FOREVER, Stay, hospital_stays
from streams.clinical.definitions.ase.support import Support, new_vasopressor
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import CultureResult
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


INPUTS = (
    *("encounter", "culture_collected", "culture_result", "infusion:", "location"),
    *("death", "demographics"),
)
"""The lanes that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockEvent:
    """A pathogen and a new vasopressor, on facts that have happened."""

    encounter: str
    culture_id: str
    culture_day: date
    onset_day: date
    hospital_day: int
    onset: OnsetType
    organisms: tuple[str, ...]
    vasopressor: Dysfunction
    status: Status
    """Provisional while the result is preliminary, or the stay is not yet one of an
    in-patient; withdrawn where the final result names no pathogen."""
    provisional_at: datetime
    confirmed_at: datetime | None
    withdrawn_at: datetime | None
    final_at: datetime | None
    """As for `AdultSepsisEvent`, but for results that the laboratory still adds."""
    known_at: datetime
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Growth:
    """What the results of one specimen say."""

    pathogen: Truth3
    """UNKNOWN while only a preliminary result names one."""
    names: tuple[str, ...]
    first_at: datetime
    """When a pathogen was first named."""
    said_at: datetime
    """When what is said now was said."""
    evidence: tuple[str, ...]


def bacteremia_shock_events(
    timeline: Timeline,
    *,
    zone: str,
    policy: AsePolicy = TOOLKIT,
    now: datetime | None = None,
) -> tuple[ShockEvent, ...]:
    """The events on facts that have happened by `now`; each stay's repeats left out."""
    days = hospital_days(zone)
    stays = reached(hospital_stays(timeline, days, policy, now), days)
    results = _results(timeline, now or FOREVER)
    by_stay: dict[str, list[ShockEvent]] = {}
    finals: dict[str, list[datetime | None]] = {}
    for culture in blood_cultures(timeline, days, policy, now):
        growth = _growth(results.get(culture.culture_id, ()))
        stay = None if growth is None else stay_of(culture, stays)
        if stay is None or growth is None or stay.adult is FALSE:
            continue
        finals.setdefault(stay.encounter, []).append(_decided_at(culture, stay, days))
        event = _event(timeline, culture, stay, growth, days, policy, now)
        kept = by_stay.setdefault(stay.encounter, [])
        if event is not None and not any(is_repeat(event, e, policy) for e in kept):
            kept.append(replace(event, final_at=latest(finals[stay.encounter])))
    return tuple(event for kept in by_stay.values() for event in kept)


def _results(timeline: Timeline, until: datetime) -> dict[str, list[CultureResult]]:
    found: dict[str, list[CultureResult]] = {}
    for fact in timeline.between(CultureResult, "culture_result", ALWAYS, until):
        found.setdefault(fact.culture_id, []).append(fact)
    return found


def _growth(results: Sequence[CultureResult]) -> _Growth | None:
    """None where no result ever named a pathogen."""
    named = [fact for fact in results if _names_pathogen(fact)]
    if not named:
        return None
    final = [fact for fact in results if fact.status != "preliminary"]
    sure = [fact for fact in final if _names_pathogen(fact)]
    pathogen = TRUE if sure else FALSE if _ruled_out(final, named) else UNKNOWN
    told = sure or named
    return _Growth(
        pathogen=pathogen,
        names=tuple(dict.fromkeys(fact.organism or "" for fact in told)),
        first_at=named[0].happened_at,
        said_at=(sure or final or named)[0].happened_at,
        evidence=tuple(fact.event_id for fact in told),
    )


def _ruled_out(final: Sequence[CultureResult], named: Sequence[CultureResult]) -> bool:
    """Whether a final result of the same test names none."""
    tests = {fact.test for fact in named}
    return any(fact.test in tests for fact in final)


def _names_pathogen(fact: CultureResult) -> bool:
    return fact.positive is True and organism(fact.organism) == "pathogen"


def _event(
    timeline: Timeline,
    culture: Culture,
    stay: Stay,
    growth: _Growth,
    days: HospitalDays,
    policy: AsePolicy,
    now: datetime | None,
) -> ShockEvent | None:
    until = min(now or FOREVER, stay.left_at or FOREVER)
    support = Support(timeline, stay, days)
    pressor = new_vasopressor(support, culture, policy, until)
    if pressor is None:
        return None
    since = max(culture.at, growth.first_at, pressor.evident_at)
    if growth.pathogen is FALSE and growth.said_at <= since:
        return None
    status, at = _status(growth, stay, since)
    onset = stay.hospital_day(pressor.day)
    evidence = (culture.event_id, *growth.evidence, *pressor.evidence)
    facts = [timeline.fact(event_id) for event_id in evidence]
    return ShockEvent(
        encounter=stay.encounter,
        culture_id=culture.culture_id,
        culture_day=culture.day,
        onset_day=pressor.day,
        hospital_day=onset,
        onset="community" if onset <= policy.community_days else "hospital",
        organisms=growth.names,
        vasopressor=pressor,
        status=status,
        provisional_at=since,
        confirmed_at=at if status == "confirmed" else None,
        withdrawn_at=at if status == "withdrawn" else None,
        final_at=None,
        known_at=max(fact.known_at for fact in facts if fact is not None),
        evidence=evidence,
    )


def _status(growth: _Growth, stay: Stay, since: datetime) -> tuple[Status, datetime]:
    failures = [growth.said_at] if growth.pathogen is FALSE else []
    if stay.in_scope is FALSE and stay.in_scope_at is not None:
        failures.append(stay.in_scope_at)
    if failures:
        return "withdrawn", min(failures)
    met = [growth.pathogen, stay.in_scope, stay.adult]
    if all(truth is TRUE for truth in met):
        return "confirmed", max(since, growth.said_at, stay.in_scope_at or since)
    return "provisional", since


def _decided_at(culture: Culture, stay: Stay, days: HospitalDays) -> datetime | None:
    """The window has closed, and the patient is known for an in-patient."""
    closes = days.end(culture.last)
    if stay.adult is UNKNOWN:
        return None
    if stay.in_scope is UNKNOWN:
        return stay.settled_at
    return closes if stay.settled_at is None else min(closes, stay.settled_at)
