"""Phenotypes, the immune course, secondary infection and the baseline covariates.

Each counts from a moment: presentation, or the onset of Sepsis-3 under our default.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from streams.clinical.catalogue.anchors import last_onset, presented_at
from streams.clinical.catalogue.answer import Answer, Cell, Feature
from streams.clinical.catalogue.rule import Question, answer
from streams.clinical.catalogue.values import bound
from streams.clinical.course.immune import ImmuneDay, ImmuneState, immune_course
from streams.clinical.course.immune_policy import ImmunePolicy
from streams.clinical.course.secondary_infection import secondary_infection
from streams.clinical.course.secondary_policy import SecondaryPolicy
from streams.clinical.criteria.intervals import Interval
from streams.clinical.heterogeneity.covariate import Covariate
from streams.clinical.heterogeneity.factors import covariates
from streams.clinical.heterogeneity.policy import FactorPolicy
from streams.clinical.phenotypes.hyperinflammatory import (
    InflammatoryPolicy,
    inflammatory,
)
from streams.clinical.phenotypes.seneca import seneca
from streams.clinical.phenotypes.seneca_policy import SenecaPolicy
from streams.clinical.phenotypes.seneca_table import PHENOTYPES
from streams.clinical.phenotypes.temperature import (
    TemperatureCourse,
    TemperaturePolicy,
    temperature_course,
)
from streams.vocabulary.truth import Truth3, truth


def ask_seneca(question: Question, policy: SenecaPolicy) -> Answer:
    """By the worst values of the first hours of the last hospital stay."""
    came = presented_at(question.timeline, question.at)
    if came is None:
        return _without(question, "encounter")
    found = seneca(question.timeline, came, question.at, policy)
    apart = found.distances or ()
    told = zip(PHENOTYPES, apart, strict=False)
    distances = (Feature(name=f"distance_{name}", value=far) for name, far in told)
    others = (
        Feature(name=f"read as {reading}", value=label)
        for reading, label in found.other_readings
    )
    return replace(
        answer(question),
        label=found.label,
        features=(
            Feature(name="variables", value=found.count),
            *distances,
            Feature(name="margin", value=found.margin),
            *others,
        ),
        status=found.status,
        final_at=found.final_at,
        evidence=found.evidence,
        missing=found.missing,
        said=(
            *((found.refused,) if found.refused else ()),
            *(f"{variable}: {note}" for variable, note in found.noted),
        ),
    )


def ask_inflammatory(question: Question, policy: InflammatoryPolicy) -> Answer:
    """The subphenotype and the probability of the hyper-inflammatory one."""
    found = inflammatory(question.timeline, question.at, policy)
    return replace(
        answer(question),
        label=found.label,
        total=found.lower if found.lower == found.upper else None,
        lower=found.lower,
        upper=found.upper,
        unit="1",
        evidence=found.evidence,
        missing=found.missing,
    )


def ask_temperature(question: Question, policy: TemperaturePolicy) -> Answer:
    """The features of the first days of the last hospital stay."""
    came = presented_at(question.timeline, question.at)
    if came is None:
        return _without(question, "encounter")
    found = temperature_course(question.timeline, came, question.at, policy)
    return replace(
        answer(question),
        features=tuple(_temperatures(found)),
        status=found.status,
        final_at=found.final_at,
        evidence=found.evidence,
        missing=() if found.count else ("temperature",),
        said=(found.refused,) if found.refused else (),
    )


def ask_immune(question: Question, policy: ImmunePolicy) -> Answer:
    """The state of the day of `at`, and of every day from onset before it."""
    onset = last_onset(question.timeline, question.at)
    if onset is None:
        return _without(question, "sepsis_onset")
    days = immune_course(question.timeline, onset.onset_at, question.at, policy)
    if not days:
        return _without(question, "living_day")
    last = days[-1]
    return replace(
        answer(question),
        label=None if last.state is ImmuneState.UNKNOWN else last.state.value,
        features=tuple(map(_day, days)),
        status=last.status,
        final_at=last.final_at,
        evidence=tuple(dict.fromkeys(e for day in days for e in day.evidence)),
        missing=tuple(
            one.marker for one in last.markers if one.truth is Truth3.UNKNOWN
        ),
        said=tuple(
            f"{one.marker}: {why}" for one in last.markers for why in one.reasons
        ),
    )


def ask_secondary(question: Question, policy: SecondaryPolicy) -> Answer:
    """What came after the last onset: TRUE for an infection, not for what competes.

    UNKNOWN while it is not settled, and where what grew was never identified.
    """
    onset = last_onset(question.timeline, question.at)
    if onset is None:
        return replace(_without(question, "sepsis_onset"), truth=Truth3.UNKNOWN)
    found = secondary_infection(
        question.timeline,
        onset.onset_at,
        question.at,
        policy,
        encounter=onset.encounter,
    )
    shown = found.ending == "infection"
    settled = shown or (found.status == "confirmed" and not found.undecided)
    return replace(
        answer(question),
        truth=truth(shown if settled else None),
        label=found.ending,
        features=tuple(
            Feature(name=one.kind, value=one.what, evidence=one.evidence)
            for one in (*found.infections, *found.viral)
        ),
        status=found.status,
        final_at=found.final_at,
        evidence=tuple(
            dict.fromkeys(
                (*found.evidence, *(e for i in found.infections for e in i.evidence))
            )
        ),
        missing=("decisive_culture",) if found.undecided and not shown else (),
    )


def ask_covariates(question: Question, policy: FactorPolicy) -> Answer:
    """Every factor; exposures count before the last onset, or before `at`."""
    onset = last_onset(question.timeline, question.at)
    found = covariates(
        question.timeline,
        question.at,
        policy,
        index=None if onset is None else onset.onset_at,
        encounter=None if onset is None else onset.encounter,
    )
    return replace(
        answer(question),
        features=tuple(map(_covariate, found)),
        evidence=tuple(dict.fromkeys(e for one in found for e in one.evidence)),
        missing=tuple(dict.fromkeys(m for one in found for m in one.missing)),
    )


def _without(question: Question, what: str) -> Answer:
    """It has nothing to count from."""
    return replace(answer(question), missing=(what,))


def _temperatures(found: TemperatureCourse) -> Iterator[Feature]:
    yield Feature(name="count", value=found.count)
    for name, value in (
        *(("first", found.first), ("last", found.last)),
        *(("highest", found.highest), ("lowest", found.lowest)),
        ("mean", found.mean),
    ):
        yield Feature(name=name, value=value, unit="Cel")
    yield Feature(name="slope", value=found.slope_per_day, unit="Cel/d")
    yield Feature(name="febrile", value=found.febrile)
    yield Feature(name="cold", value=found.cold)


def _day(day: ImmuneDay) -> Feature:
    return Feature(name=f"day_{day.day}", value=day.state.value, evidence=day.evidence)


def _covariate(one: Covariate) -> Feature:
    value: Cell = None
    low = high = None
    if isinstance(one.value, Interval):
        low, high = bound(one.value.low), bound(one.value.high)
        value = low if low == high else None
    elif isinstance(one.value, Truth3):
        value = one.value.value
    else:
        value = one.value
    return Feature(
        name=one.name,
        value=value,
        unit=one.unit,
        low=low,
        high=high,
        evidence=one.evidence,
    )
