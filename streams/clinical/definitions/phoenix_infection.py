"""Suspected infection as Phoenix may read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.definitions.suspicion import is_culture, suspicions
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.events import CultureCollected, Medication


@dataclass(frozen=True, slots=True, kw_only=True)
class InfectionPolicy:
    """What counts as a suspected infection."""

    infection: Literal["pair", "test_and_doses"] = "pair"
    """`pair`: an antimicrobial and a culture near each other, as for Sepsis-3 (Seymour
    2016): known at the first dose.
    `test_and_doses`: a test for infection and two doses of systemic antimicrobials in
    one encounter, however far apart; from then on it stays suspected (the derivation:
    EHR implementation notes; DataPipeline.md of phoenix_sepsis_criteria)."""

    pair: SuspicionPolicy = field(default_factory=SuspicionPolicy)

    doses: int = 2
    """For `test_and_doses`."""

    dose_stages: frozenset[str] = frozenset({"given"})
    """What counts as a dose: given (the notes), or ordered too (DataPipeline.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Infection:
    """An infection is suspected from `at` on."""

    at: datetime
    encounter: str | None
    evidence: tuple[str, ...]


def infections(
    timeline: Timeline, now: datetime, *, policy: InfectionPolicy
) -> tuple[Infection, ...]:
    """All suspicions begun by `now`, by their moments."""
    if policy.infection == "pair":
        return tuple(
            Infection(
                at=s.suspected_at,
                encounter=s.encounter,
                evidence=s.signs,
            )
            for s in suspicions(timeline, policy=policy.pair, now=now)
        )
    tests = [
        fact
        for fact in timeline.between(CultureCollected, "culture_collected", ALWAYS, now)
        if is_culture(fact, policy.pair)
    ]
    doses = [
        fact
        for fact in timeline.between(Medication, "medication", ALWAYS, now)
        if fact.antimicrobial is True and fact.stage in policy.dose_stages
    ]
    found = (
        _told(encounter, tests, doses, policy)
        for encounter in dict.fromkeys(dose.encounter for dose in doses)
    )
    return tuple(sorted((f for f in found if f is not None), key=_order))


def _told(
    encounter: str | None,
    tests: Iterable[CultureCollected],
    doses: Iterable[Medication],
    policy: InfectionPolicy,
) -> Infection | None:
    """The first test, and the dose that makes the number full."""
    tested = next((t for t in tests if t.encounter == encounter), None)
    given = [d for d in doses if d.encounter == encounter][: policy.doses]
    if tested is None or len(given) < policy.doses:
        return None
    return Infection(
        at=max(tested.happened_at, given[-1].happened_at),
        encounter=encounter,
        evidence=(*(d.event_id for d in given), tested.event_id),
    )


def _order(found: Infection) -> tuple[datetime, str]:
    return found.at, found.encounter or ""
