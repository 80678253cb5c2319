"""Values and doses at a moment: mean pressure, oxygenation, coma scale, equivalents.

They have no points; the total is the value itself, its bounds what is not known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Protocol

from streams.clinical.catalogue.answer import Answer, Feature
from streams.clinical.catalogue.rule import Question, answer
from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.gcs_sedation import SedationPolicy, last_glasgow
from streams.clinical.scores.latest import last_told
from streams.clinical.scores.norepinephrine_equivalent import (
    EquivalentPolicy,
    norepinephrine_equivalent,
)
from streams.clinical.scores.oxygenation import (
    OxygenationPolicy,
    Ratio,
    imputed_pf_ratios,
    pf_ratios,
    sf_ratios,
)
from streams.clinical.scores.pressure import PressurePolicy, mean_pressure
from streams.vocabulary.clock import DAY, HOUR


LATEST_RATIO = DAY
"""How old a ratio may be to be told (ours; the scores have their own windows)."""

LATEST_GLASGOW = 6 * HOUR
"""How old a charting of the coma scale may be (mimic-code's carry)."""


class _Seen(Protocol):
    """A value that was observed at a moment."""

    @property
    def range(self) -> Interval: ...
    @property
    def evidence(self) -> tuple[str, ...]: ...


def bound(number: float) -> float | None:
    """A bound; None where there is none."""
    return None if number in (inf, -inf) else number


def ask_pressure(question: Question, policy: PressurePolicy) -> Answer:
    """The latest mean arterial pressure that is not too old, in mmHg."""
    found = mean_pressure(question.timeline, question.at, policy=policy)
    if found is None:
        return replace(answer(question), missing=("map",))
    told = _value(question, found, "mm[Hg]")
    how = Feature(name="how", value=found.how)
    return replace(told, features=(how, _taken(found.at)))


def ask_oxygenation(question: Question, policy: OxygenationPolicy) -> Answer:
    """The latest P/F; S/F and, where the policy imputes, P/F from SpO2 beside it."""
    timeline, at = question.timeline, question.at

    def last(of: str, ratios: Callable[..., list[Ratio]]) -> Sequence[Ratio]:
        return last_told(
            timeline,
            (f"measurement:{of}",),
            at - LATEST_RATIO,
            at,
            lambda after, until: ratios(timeline, after, until, policy=policy),
        )

    imputes = policy.imputation != "none"
    told = [
        ("pf", "mm[Hg]", last("pao2", pf_ratios)),
        ("sf", "%", last("spo2", sf_ratios)),
        ("pf_imputed", "mm[Hg]", last("spo2", imputed_pf_ratios) if imputes else ()),
    ]
    features = tuple(_ratio(name, unit, found) for name, unit, found in told if found)
    measured = told[0][2]
    if not measured:
        empty = replace(answer(question), missing=("pao2_fio2",), features=features)
        return replace(empty, evidence=_all_evidence(features))
    return replace(
        _value(question, measured[-1], "mm[Hg]"),
        features=features,
        evidence=_all_evidence(features),
    )


def ask_glasgow(question: Question, policy: SedationPolicy) -> Answer:
    """The total at the last charting, under sedation as the policy has it."""
    after = question.at - LATEST_GLASGOW
    found = last_glasgow(question.timeline, after, question.at, policy=policy)
    if not found:
        return replace(answer(question), lower=3.0, upper=15.0, missing=("gcs_total",))
    told = _value(question, found[-1], None)
    return replace(told, features=(_taken(found[-1].at),))


def ask_equivalent(question: Question, policy: EquivalentPolicy) -> Answer:
    """The dose of norepinephrine base at the moment.

    A record without any vasopressor has no dose: that none was charted is no proof
    that none ran.
    """
    dose = norepinephrine_equivalent(question.timeline, question.at, policy=policy)
    features = tuple(
        Feature(
            name=part.drug,
            value=part.dose.low if part.dose.low == part.dose.high else None,
            unit="ug/kg/min",
            low=bound(part.dose.low),
            high=bound(part.dose.high),
            evidence=part.evidence,
        )
        for part in dose.parts
    )
    lanes = question.timeline.lanes("infusion:")
    charted = any(lane.latest(question.at) is not None for _, lane in lanes)
    return replace(
        answer(question),
        total=dose.value if charted else None,
        lower=dose.lower,
        upper=bound(dose.upper) if charted else None,
        unit="ug/kg/min",
        features=features,
        evidence=dose.evidence,
        missing=dose.missing if charted else ("infusion",),
        said=tuple(f"no factor for {drug}" for drug in dose.ignored),
    )


def _value(question: Question, seen: _Seen, unit: str | None) -> Answer:
    low, high = seen.range.low, seen.range.high
    return replace(
        answer(question),
        total=low if low == high else None,
        lower=bound(low),
        upper=bound(high),
        unit=unit,
        evidence=seen.evidence,
    )


def _ratio(name: str, unit: str, found: Sequence[Ratio]) -> Feature:
    last = found[-1]
    low, high = last.range.low, last.range.high
    return Feature(
        name=name,
        value=low if low == high else None,
        unit=unit,
        low=bound(low),
        high=bound(high),
        evidence=last.evidence,
    )


def _taken(at: datetime) -> Feature:
    return Feature(name="taken_at", value=at)


def _all_evidence(features: Sequence[Feature]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e for one in features for e in one.evidence))
