"""Paediatric sepsis and septic shock by the Phoenix criteria.

Schlapbach LJ et al., JAMA 2024;331:665-674, doi 10.1001/jama.2024.0179: suspected
infection with a Phoenix score of 2 or more; septic shock with a cardiovascular point
among them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from streams.clinical.definitions.phoenix_choices import CHOICES
from streams.clinical.definitions.phoenix_infection import (
    Infection,
    InfectionPolicy,
    infections,
)
from streams.clinical.definitions.phoenix_population import (
    Population,
    PopulationPolicy,
    encounter_began,
    population,
)
from streams.clinical.scores.chart import back
from streams.clinical.scores.hours import TICK
from streams.clinical.scores.phoenix.policy import PACKAGE, PHOENIX, PhoenixPolicy
from streams.clinical.scores.phoenix.score import phoenix
from streams.clinical.scores.phoenix.specs import PHOENIX_SPEC
from streams.clinical.scores.score import Score
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of, truth


SEPSIS_POINTS = 2
SHOCK_POINTS = 1
"""Of the cardiovascular organ."""

_LAPSING = ("map", "sbp", "dbp", "pao2")
"""What hides another source while it counts: its lapse may add points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoenixSepsisPolicy:
    """The criteria, and what they leave open."""

    name: str
    score: PhoenixPolicy = PHOENIX
    infection: InfectionPolicy = field(default_factory=InfectionPolicy)
    population: PopulationPolicy = field(default_factory=PopulationPolicy)

    period: Literal["around_suspicion", "first_day"] = "around_suspicion"
    """When the points must be there: around suspicion, or in the first 24 hours of the
    encounter, and suspicion too (the derivation). The criteria themselves name no
    time."""

    before: timedelta = 48 * HOUR
    """How long before suspicion (as Sepsis-3 has it; Seymour 2016)."""

    after: timedelta = DAY
    """How long after."""


PHOENIX_SEPSIS = PhoenixSepsisPolicy(name="ember")

DERIVATION = PhoenixSepsisPolicy(
    name="derivation",
    score=PACKAGE,
    infection=InfectionPolicy(infection="test_and_doses"),
    population=PopulationPolicy(unknown="assumed"),
    period="first_day",
)
"""As the authors derived them: missing is normal, the first day, two doses."""

PHOENIX_SEPSIS_POLICIES = {p.name: p for p in (PHOENIX_SEPSIS, DERIVATION)}

PHOENIX_SEPSIS_SPEC = Specification(
    name="phoenix_sepsis",
    title="Phoenix paediatric sepsis and septic shock",
    version="2024",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The score is equal to the authors' package and the exclusions are those of "
        "their notes; what suspected infection is, and how near it the points must be, "
        "the criteria leave open: our default is that of Sepsis-3."
    ),
    rule=(
        "Sepsis: suspected infection, and a Phoenix score of 2 or more. Septic shock: "
        "sepsis with one or more cardiovascular points.\n\n"
        "For children before their eighteenth birthday; not in the hospital stay of "
        "birth, nor before 37 weeks from conception.\n\n"
        "What is missing leaves the answer open while it could still make the points."
    ),
    sources=PHOENIX_SPEC.sources,
    inputs=(
        *PHOENIX_SPEC.inputs,
        "medication",
        "culture_collected",
        "encounter",
        "condition",
        "measurement:gestational_age",
    ),
    choices=CHOICES,
    traps=(
        (
            "The package tells `phoenix_sepsis` of anybody's points: infection, age and the "
            "exclusions are left to its caller."
        ),
        (
            "Under the default a child of whom little was measured is seldom told to have "
            "no sepsis: the answer stays unknown."
        ),
        "A higher band of age that begins between two facts is seen at the second.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoenixSepsis:
    """One suspected infection held against the criteria."""

    encounter: str | None
    suspicion_at: datetime
    population: Population
    sepsis: Truth3
    shock: Truth3
    dysfunction_at: datetime | None
    """When two points were first there; None while they are not established, and for
    those the criteria are not for."""
    onset_at: datetime | None
    """When there were both, infection and dysfunction; None where no sepsis is told."""
    shock_at: datetime | None
    score: Score
    """At `dysfunction_at`; without one, the highest of the period (at suspicion, for
    those the criteria are not for)."""
    status: Literal["provisional", "confirmed", "withdrawn"]
    """While the period lasts `provisional`, unless shock, or being none of those the
    criteria are for, settles it before; then `confirmed` with sepsis, `withdrawn`
    without.  What is still unknown then stays provisional: a late result may tell."""
    final_at: datetime
    """The end of the period: nothing that happens later counts."""
    evidence: tuple[str, ...]
    """Event ids: infection, age, then what gave the points."""


def phoenix_sepsis(
    timeline: Timeline,
    *,
    policy: PhoenixSepsisPolicy = PHOENIX_SEPSIS,
    now: datetime,
) -> tuple[PhoenixSepsis, ...]:
    """One answer for each encounter in which infection was suspected by `now`.

    Of several suspicions the first with sepsis tells; without one, the first that
    leaves it open.
    """
    told: dict[str | None, PhoenixSepsis] = {}
    for infection in infections(timeline, now, policy=policy.infection):
        best = told.get(infection.encounter)
        if best is not None and best.sepsis is TRUE:
            continue
        answer = _answer(timeline, infection, policy, now)
        if best is None or _RANK[answer.sepsis] > _RANK[best.sepsis]:
            told[infection.encounter] = answer
    return tuple(told.values())


_RANK = {FALSE: 0, UNKNOWN: 1, TRUE: 2}

_STATUS: dict[Truth3, Literal["provisional", "confirmed", "withdrawn"]] = {
    TRUE: "confirmed",
    FALSE: "withdrawn",
    UNKNOWN: "provisional",
}
"""Once time alone changes nothing."""


def _answer(
    timeline: Timeline,
    infection: Infection,
    policy: PhoenixSepsisPolicy,
    now: datetime,
) -> PhoenixSepsis:
    began = encounter_began(timeline, infection.encounter, infection.at)
    opens, closes = _period(began, infection, policy)
    who = population(
        timeline,
        infection.encounter,
        began,
        now,
        policy=policy.population,
        score=policy.score,
    )
    counts = who.applies & truth(infection.at <= closes)
    span = (infection.at, infection.at) if counts is FALSE else (opens, closes)
    scores = list(_scores(timeline, span, policy, now))
    septic = next((s for s in scores if _sepsis(s) is TRUE), None)
    shocked = next((s for s in scores if _shock(s) is TRUE), None)
    shown = septic or max(scores, key=lambda s: (s.lower, s.upper))
    sepsis = counts & any_of(map(_sepsis, scores))
    shock = counts & any_of(map(_shock, scores))
    final = now >= closes or shock is TRUE or counts is FALSE
    return PhoenixSepsis(
        encounter=infection.encounter,
        suspicion_at=infection.at,
        population=who,
        sepsis=sepsis,
        shock=shock,
        dysfunction_at=None if septic is None else septic.at,
        onset_at=_both(infection, septic) if sepsis is TRUE else None,
        shock_at=_both(infection, shocked) if shock is TRUE else None,
        score=shown,
        status=_STATUS[sepsis] if final else "provisional",
        final_at=closes,
        evidence=_once(infection.evidence, who.evidence, shown.evidence),
    )


def _period(
    began: datetime, infection: Infection, policy: PhoenixSepsisPolicy
) -> tuple[datetime, datetime]:
    if policy.period == "first_day":
        return began, began + DAY
    return infection.at - policy.before, infection.at + policy.after


def _scores(
    timeline: Timeline,
    period: tuple[datetime, datetime],
    policy: PhoenixSepsisPolicy,
    now: datetime,
) -> Iterator[Score]:
    """The score at each moment of the period, by `now`, at which it may have changed."""
    period = (period[0], min(period[1], now))
    for moment in sorted({*period, *_moments(timeline, period, policy.score)}):
        if period[0] <= moment <= period[1]:
            yield phoenix(timeline, moment, policy=policy.score)


def _moments(
    timeline: Timeline, period: tuple[datetime, datetime], policy: PhoenixPolicy
) -> Iterator[datetime]:
    """When something was charted, or hid another source for the last time."""
    opens, closes = period
    for name in PHOENIX_SPEC.inputs:
        for fact in timeline.lane(name).between(back(opens), closes):
            yield fact.happened_at
    if policy.without_infusions == "if_charted":
        yield from _first_infusions(timeline)
    for concept in _LAPSING:
        lane = timeline.lane(f"measurement:{concept}")
        for fact in lane.between(back(opens - policy.vitals_within), closes):
            yield fact.happened_at + policy.vitals_within + TICK


def _first_infusions(timeline: Timeline) -> Iterator[datetime]:
    """From when on a drug that is not on record is not given."""
    for _, lane in timeline.lanes("infusion:"):
        first = lane.next(ALWAYS)
        if first is not None:
            yield first.happened_at


def _sepsis(score: Score) -> Truth3:
    return _reached(score.lower, score.upper, SEPSIS_POINTS)


def _shock(score: Score) -> Truth3:
    heart = next(c for c in score.components if c.name == "cardiovascular")
    return _sepsis(score) & _reached(heart.lower, heart.upper, SHOCK_POINTS)


def _reached(lower: int, upper: int, points: int) -> Truth3:
    if lower >= points:
        return TRUE
    return UNKNOWN if upper >= points else FALSE


def _both(infection: Infection, score: Score | None) -> datetime | None:
    """The later of suspicion and dysfunction."""
    return None if score is None else max(infection.at, score.at)


def _once(*events: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(event for some in events for event in some))
