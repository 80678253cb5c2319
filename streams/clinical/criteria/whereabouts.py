"""Judges where the patient is: in hospital, in which unit, alive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from streams.clinical.criteria.judgement import (
    Judgement,
    PatientView,
    absent,
    ahead,
    once,
    since,
)
from streams.vocabulary.events import Death, Encounter, Location
from streams.vocabulary.kinds.whereabouts import AtLocation, Died, InHospital
from streams.vocabulary.truth import TRUE, truth


def judge_in_hospital(rule: InHospital, view: PatientView, now: datetime) -> Judgement:
    """The last word about this episode's stay."""
    coming = ahead(view.timeline, "encounter", now)
    said = view.timeline.between(Encounter, "encounter", since(now, None), now)
    for fact in reversed(said):
        if view.episode in ("none", fact.encounter):
            open_ = fact.phase in ("registered", "admitted")
            return Judgement(truth(open_), (fact.event_id,), changes_at=coming)
    return absent(rule, "hospital stay", coming)


def judge_location(rule: AtLocation, view: PatientView, now: datetime) -> Judgement:
    """The unit entered last, unless it was left since.

    A move is two facts, and one unit may be filed twice (as a ward and as an ICU
    stay): what was entered at the same moment counts together.
    """
    coming = ahead(view.timeline, "location", now)
    said = view.timeline.between(Location, "location", since(now, None), now)
    entered = next((f for f in reversed(said) if f.phase == "entered"), None)
    if entered is None:
        return absent(rule, "location", coming)
    moment = entered.happened_at
    here = [f for f in said if f.phase == "entered" and f.happened_at == moment]
    left = [f for f in said if f.phase == "left" and f.happened_at > moment]
    kept = [f for f in here if not any(_same_place(f, gone) for gone in left)]
    there = [f for f in kept if f.level in rule.any_of]
    evidence = once(f.event_id for f in (there or kept or [*here, *left]))
    return Judgement(truth(bool(there)), evidence, changes_at=coming)


def judge_died(rule: Died, view: PatientView, now: datetime) -> Judgement:
    """A death on record; until then only `absent_means` can say FALSE."""
    coming = ahead(view.timeline, "death", now)
    deaths = view.timeline.between(Death, "death", since(now, None), now)
    if deaths:
        return Judgement(TRUE, (deaths[0].event_id,), changes_at=coming)
    return absent(rule, "vital status", coming)


def stay_reads(_: InHospital) -> Iterable[str]:
    """The hospital stay."""
    return ("encounter",)


def location_reads(_: AtLocation) -> Iterable[str]:
    """The units."""
    return ("location",)


def death_reads(_: Died) -> Iterable[str]:
    """A death."""
    return ("death",)


def _same_place(entered: Location, left: Location) -> bool:
    if entered.stay is not None and left.stay is not None:
        return entered.stay == left.stay
    return entered.ward == left.ward
