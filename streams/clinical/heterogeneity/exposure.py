"""What the patient met before: carriage, antimicrobials, hospitals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from streams.clinical.course.growth import Grown, grown
from streams.clinical.heterogeneity.covariate import Covariate, truth_of
from streams.clinical.heterogeneity.scope import Scope
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Encounter, Medication


def microbial_exposure(scope: Scope) -> Iterator[Covariate]:
    """In this order: carriage, with what, recent antimicrobials, recent admissions."""
    screens = list(_screens(scope))
    carried = [one for one in screens if one.organisms]
    yield truth_of(
        "colonised",
        "microbial_exposure",
        shown=[event for one in carried for event in one.evidence],
        denied=any(one.negative for one in screens),
        missing="screening culture",
    )
    names = sorted({grew.name for one in carried for grew in one.organisms})
    yield Covariate(
        name="colonised_with",
        group="microbial_exposure",
        value=", ".join(names) or None,
        evidence=tuple(event for one in carried for event in one.evidence),
        missing=() if names else ("positive screening culture",),
    )
    absent = scope.policy.unrecorded == "absent"
    yield truth_of(
        "recent_antimicrobials",
        "microbial_exposure",
        shown=_antimicrobials(scope),
        denied=absent,
        missing="antimicrobials before the episode",
    )
    yield truth_of(
        "recent_admission",
        "microbial_exposure",
        shown=_admissions(scope),
        denied=absent,
        missing="admissions before the episode",
    )


def _screens(scope: Scope) -> Iterator[Grown]:
    """Swabs that only look for carriage, before the episode."""
    reach = scope.policy.colonisation / DAY
    for one in grown(scope.timeline, scope.at):
        if one.site == "screen" and scope.is_before(one.collected_at, reach):
            yield one


def _antimicrobials(scope: Scope) -> list[str]:
    return [fact.event_id for fact in scope.exposures(_was_treated)]


def _was_treated(fact: Medication) -> bool:
    """An antimicrobial that was meant to be taken."""
    meant = fact.stage in {"ordered", "dispensed", "given", "home"}
    return meant and fact.antimicrobial is True


def _admissions(scope: Scope) -> list[str]:
    """Earlier stays in hospital of which any day lies in the time before.

    The stay of the episode is none: where it is not named, a stay that had not ended
    when the episode began may be it.
    """
    stays: dict[str | None, list[Encounter]] = {}
    for fact in scope.timeline.between(Encounter, "encounter", ALWAYS, scope.at):
        if fact.encounter_class in {"inpatient", "emergency"}:
            stays.setdefault(fact.encounter, []).append(fact)
    return [
        fact.event_id
        for name, said in stays.items()
        if _is_earlier(scope, name, said)
        for fact in said
        if fact.phase in {"admitted", "discharged"} and _is_near(scope, fact)
    ]


def _is_earlier(scope: Scope, name: str | None, said: Sequence[Encounter]) -> bool:
    if said[-1].phase == "cancelled" or name == scope.encounter:
        return False
    ended = said[-1].phase == "discharged" and said[-1].happened_at < scope.begins
    return ended or scope.encounter is not None


def _is_near(scope: Scope, fact: Encounter) -> bool:
    return scope.is_before(fact.happened_at, scope.policy.exposure / DAY)
