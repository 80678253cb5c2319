"""Hyper- and hypo-inflammatory subphenotype by three variables.

Interleukin-8, soluble TNF receptor 1 and vasopressor; coefficients from the public
script of the RESERVE-U analysis, where hypotension stands for the vasopressor.
The model's own paper (Sinha P et al., Lancet Respir Med 2020) was not read: unverified,
and no basis for locking a trial's rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import exp, inf, log1p
from typing import Literal

from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.definitions.pressors import is_charted, stretches
from streams.clinical.markers.readings import Implausible, Reading, readings
from streams.clinical.scores.chart import back
from streams.clinical.scores.pressure import PRESSURE, mean_pressures
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import DAY
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


INTERCEPT = -18.4764
PER_IL8 = 1.3013
"""For each unit of ln(1 + interleukin-8 in pg/mL)."""
PER_STNFR1 = 1.3367
"""For each unit of ln(1 + soluble TNF receptor 1 in pg/mL)."""
FOR_VASOPRESSOR = 2.3439

_LOW_SYSTOLIC, _LOW_MEAN = 90.0, 65.0
"""mmHg."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InflammatoryPolicy:
    """What the script leaves open."""

    threshold: float = 0.5
    """Above this probability: hyper-inflammatory (RESERVE-U)."""

    shock: Literal["vasopressor", "hypotension"] = "vasopressor"
    """The third variable: a vasopressor (the model's own), or a systolic pressure below
    90 or a mean below 65 mmHg (RESERVE-U, where there were none)."""

    uncharted: Literal["unknown", "not_running"] = "unknown"
    """A record without any vasopressor."""

    within: timedelta = DAY
    """How old markers, pressures and vasopressors may be (ours)."""

    implausible: Implausible = "counts"
    """Values flagged as implausible."""


DEFAULT = InflammatoryPolicy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inflammatory:
    """The subphenotype at one moment."""

    label: Literal["hyper_inflammatory", "hypo_inflammatory"] | None
    """None where what is missing or censored leaves both open."""
    lower: float
    upper: float
    """The least and the most the probability can be, given what is missing."""
    missing: tuple[str, ...]
    evidence: tuple[str, ...]


def probability(il8: float, stnfr1: float, *, vasopressor: bool) -> float:
    """Of the hyper-inflammatory subphenotype; both markers in pg/mL."""
    logit = INTERCEPT + PER_IL8 * log1p(il8) + PER_STNFR1 * log1p(stnfr1)
    return _logistic(logit + (FOR_VASOPRESSOR if vasopressor else 0.0))


def inflammatory(
    timeline: Timeline, at: datetime, policy: InflammatoryPolicy = DEFAULT
) -> Inflammatory:
    """The subphenotype at `at`, by the last values; bounds where they do not tell."""
    il8 = _last(timeline, "il8", at, policy)
    stnfr1 = _last(timeline, "stnfr1", at, policy)
    shock, events = _shock(timeline, at, policy)
    lower, upper = _bounds(il8, stnfr1, shock)
    named = (("il8", il8), ("stnfr1", stnfr1))
    missing = [name for name, one in named if one is None]
    if shock is UNKNOWN:
        missing.append(policy.shock)
    markers = tuple(one.event_id for one in (il8, stnfr1) if one is not None)
    return Inflammatory(
        label=_label(lower, upper, policy.threshold),
        lower=lower,
        upper=upper,
        missing=tuple(missing),
        evidence=(*markers, *events),
    )


def _label(
    lower: float, upper: float, threshold: float
) -> Literal["hyper_inflammatory", "hypo_inflammatory"] | None:
    if lower > threshold:
        return "hyper_inflammatory"
    return "hypo_inflammatory" if upper <= threshold else None


def _bounds(
    il8: Reading | None, stnfr1: Reading | None, shock: Truth3
) -> tuple[float, float]:
    first, second = _logarithm(il8), _logarithm(stnfr1)
    least = FOR_VASOPRESSOR if shock is TRUE else 0.0
    most = 0.0 if shock is FALSE else FOR_VASOPRESSOR
    low = INTERCEPT + PER_IL8 * first.low + PER_STNFR1 * second.low + least
    high = INTERCEPT + PER_IL8 * first.high + PER_STNFR1 * second.high + most
    return _logistic(low), _logistic(high)


def _logarithm(one: Reading | None) -> Interval:
    """ln(1 + x) at both ends; nothing known is anything from nought."""
    if one is None or one.range is None:
        return Interval(0.0, inf)
    return Interval(log1p(max(0.0, one.range.low)), log1p(max(0.0, one.range.high)))


def _logistic(logit: float) -> float:
    if logit >= 0:
        return 1 / (1 + exp(-logit))
    return exp(logit) / (1 + exp(logit))


def _last(
    timeline: Timeline, concept: str, at: datetime, policy: InflammatoryPolicy
) -> Reading | None:
    """The last result with a number, if it is not too old."""
    opens = at - policy.within
    found = readings(timeline, concept, back(opens), at, implausible=policy.implausible)
    known = [one for one in found if one.range is not None and opens <= one.at <= at]
    return known[-1] if known else None


def _shock(
    timeline: Timeline, at: datetime, policy: InflammatoryPolicy
) -> tuple[Truth3, tuple[str, ...]]:
    judged = _vasopressor if policy.shock == "vasopressor" else _hypotension
    return judged(timeline, at, policy)


def _vasopressor(
    timeline: Timeline, at: datetime, policy: InflammatoryPolicy
) -> tuple[Truth3, tuple[str, ...]]:
    since = at - policy.within
    ran = [
        one
        for one in stretches(timeline, ("vasopressor",), at)
        if one.start <= at and one.until > since
    ]
    if ran:
        return TRUE, (ran[-1].evidence[0],)
    charted = is_charted(timeline, ("vasopressor",), "", since=since, now=at)
    known = charted or policy.uncharted == "not_running"
    return (FALSE if known else UNKNOWN), ()


def _hypotension(
    timeline: Timeline, at: datetime, policy: InflammatoryPolicy
) -> tuple[Truth3, tuple[str, ...]]:
    """Either pressure shows it; to deny it takes both: 95/45 has a mean of 62."""
    systolic = _last(timeline, "sbp", at, policy)
    means = mean_pressures(
        timeline, back(at - policy.within), at, policy=_MEANS[policy.implausible]
    )
    pressures = [
        (None if systolic is None else systolic.range, _LOW_SYSTOLIC),
        (means[-1].range if means else None, _LOW_MEAN),
    ]
    said = [
        UNKNOWN if mmhg is None else compare(mmhg, "<", least)
        for mmhg, least in pressures
    ]
    events = () if systolic is None else (systolic.event_id,)
    return any_of(said), (*events, *(means[-1].evidence if means else ()))


_MEANS = {
    "counts": replace(PRESSURE, implausible="count"),
    "left_out": replace(PRESSURE, implausible="leave_out"),
}


SPEC = Specification(
    name="inflammatory_subphenotype",
    title="Hyper- and hypo-inflammatory subphenotype, three variables",
    version="RESERVE-U",
    grade=Grade.UNVERIFIED,
    grade_reason=(
        "Coefficients from one secondary script; the model's own paper was not read, "
        "and the units are inferred."
    ),
    rule=(
        "logit = -18.4764 + 1.3013 ln(1 + IL-8) + 1.3367 ln(1 + sTNFR1) + 2.3439 if on "
        "a vasopressor; both markers in pg/mL.  Hyper-inflammatory above a probability "
        "of 0.5.\n\n"
        "What is missing widens the probability to an interval; without a vasopressor "
        "on record both answers stay open."
    ),
    sources=(
        "RESERVE-U analysis script (public repository file 14133122524)",
        "Sinha P et al., Lancet Respir Med 2020 (not read)",
    ),
    inputs=(
        *("biomarker:il8", "biomarker:stnfr1", "measurement:il8", "measurement:stnfr1"),
        *("infusion:", "measurement:sbp", "measurement:dbp", "measurement:map"),
    ),
    choices=(
        Choice(
            argument="threshold",
            default="0.5",
            readings="0.5: RESERVE-U; other cut-offs are in use elsewhere.",
        ),
        Choice(
            argument="shock",
            default="vasopressor",
            readings="`vasopressor`: the model's own; `hypotension`: RESERVE-U.",
        ),
        Choice(
            argument="uncharted",
            default="unknown",
            readings=(
                "A record without vasopressors: `unknown` (ours), or `not_running`, "
                "where all infusions are charted (ours)."
            ),
        ),
        Choice(
            argument="within",
            default="24 h",
            readings="How old the values may be: ours.",
        ),
        Choice(
            argument="implausible",
            default="counts",
            readings="`counts` (ours: the sickest have such values), or `left_out`.",
        ),
    ),
    traps=(
        "A systolic pressure of 95 alone denies no hypotension: the mean may be 62.",
        "Assays for interleukin-8 and sTNFR1 differ; these coefficients are of one.",
        "Other three-variable models (with bicarbonate or protein C) are not here.",
    ),
)
