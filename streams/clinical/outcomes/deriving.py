"""Derive an outcome by its rule; which version of which kind that is."""

from __future__ import annotations

from datetime import datetime

from streams.clinical.outcomes.derived import Derived, missing
from streams.clinical.outcomes.free_days import support_free_days
from streams.clinical.outcomes.infection import infected
from streams.clinical.outcomes.kidney import kidney_events
from streams.clinical.outcomes.mortality import (
    end_of_days,
    in_hospital_mortality,
    mortality_by,
)
from streams.clinical.outcomes.received import treatment_received
from streams.clinical.outcomes.sofa_change import sofa_change
from streams.clinical.timeline import Timeline
from streams.vocabulary.outcomes import (
    HospitalMortality,
    KidneyEvents,
    Mortality,
    OutcomeRule,
    SecondaryInfectionOutcome,
    SofaChange,
    SupportFreeDays,
    TreatmentReceived,
)


VERSIONS: dict[str, str] = {
    "mortality": "1.0",
    "hospital_mortality": "1.0",
    "support_free_days": "1.0",
    "kidney_events": "1.0",
    "sofa_change": "1.0",
    "secondary_infection": "1.0",
    "treatment_received": "1.0",
}
"""By kind of rule; a change of meaning raises it."""


def derive(
    rule: OutcomeRule,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,
    zone: str | None = None,
) -> Derived:
    """The outcome as the facts that have happened by `now` tell it.

    `episode`: the hospital stay in which t0 lies; `zone`: the hospital's time zone, for
    outcomes of calendar days.
    """
    match rule:
        case Mortality():
            end = end_of_days(t0, rule.within, rule.days, zone)
            if end is None:
                return missing("time_zone_unknown")
            return mortality_by(
                timeline, t0, now, end=end, day=rule.within, episode=episode
            )
        case HospitalMortality():
            return in_hospital_mortality(timeline, t0, now, episode=episode)
        case SupportFreeDays():
            return support_free_days(rule, timeline, t0, now, episode=episode)
        case KidneyEvents():
            return kidney_events(rule, timeline, t0, now, episode=episode)
        case SofaChange():
            return sofa_change(rule, timeline, t0, now, episode=episode)
        case SecondaryInfectionOutcome():
            return infected(rule, timeline, t0, now, episode=episode)
        case TreatmentReceived():
            return treatment_received(rule, timeline, t0, now, episode=episode)
