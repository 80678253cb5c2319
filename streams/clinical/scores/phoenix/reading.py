"""The inputs of Phoenix as a timeline tells them at one moment."""

from __future__ import annotations

from datetime import datetime, timedelta

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import Observed, decisive, observed, picked, recent
from streams.clinical.scores.gcs_sedation import glasgow_scale, last_glasgow
from streams.clinical.scores.phoenix.age import age_at
from streams.clinical.scores.phoenix.circulation import pressures, vasoactives
from streams.clinical.scores.phoenix.inputs import Inputs, Values
from streams.clinical.scores.phoenix.oxygen import pf_ratios, sf_ratios, support_at
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.clinical.timeline import Timeline


def inputs_at(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Inputs:
    """Of each input what counts at `at`."""

    def result(concept: str, within: timedelta) -> Values:
        window = recent(at, within)
        return decisive(timeline, concept, window, policy)

    saturations = sf_ratios(timeline, at, policy)
    return Inputs(
        age=age_at(timeline, at),
        pf_ratio=pf_ratios(timeline, at, policy),
        sf_ratio=saturations.ratios,
        sf_void=saturations.void,
        support=support_at(timeline, at, policy),
        vasoactives=vasoactives(timeline, at, policy),
        lactate=result("lactate", policy.lactate_within),
        pressure=pressures(timeline, at, policy),
        platelets=result("platelets", policy.coagulation_within),
        inr=result("inr", policy.coagulation_within),
        d_dimer=result("d_dimer_feu", policy.coagulation_within),
        fibrinogen=result("fibrinogen", policy.coagulation_within),
        gcs=_glasgow(timeline, at, policy),
        fixed_pupils=_pupils(timeline, at, policy),
        glucose=result("glucose", policy.glucose_within),
        neutrophils=result("neutrophils_abs", policy.chemistry_within),
        lymphocytes=result("lymphocytes_abs", policy.chemistry_within),
        creatinine=result("creatinine", policy.chemistry_within),
        bilirubin=result("bilirubin_total", policy.chemistry_within),
        alt=result("alt", policy.chemistry_within),
    )


def _glasgow(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Values:
    window = recent(at, policy.gcs_within)
    tell = last_glasgow if policy.pick == "latest" else glasgow_scale
    return tell(timeline, window.after, window.until, policy=policy.sedation)


def _pupils(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Values:
    """Both pupils as one word, or each for itself; the later word counts."""
    window = recent(at, policy.pupils_within)
    both = list(observed(timeline, "pupils_fixed", window, policy))
    left, right = (
        decisive(timeline, f"pupil_{side}_fixed", window, policy)
        for side in ("left", "right")
    )
    if left or right:
        both.append(_sides(left, right))
    return picked(sorted(both, key=lambda word: word.at), policy)


def _sides(left: Values, right: Values) -> Observed:
    """1 if both are fixed, 0 if one is not; a side nobody saw leaves it open."""
    told = [_worst(side) for side in (left, right)]
    return Observed(
        max(value.at for value in (*left, *right)),
        Interval(min(low for low, _ in told), min(high for _, high in told)),
        tuple(e for value in (*left, *right) for e in value.evidence),
    )


def _worst(side: Values) -> tuple[float, float]:
    if not side:
        return 0.0, 1.0
    return max(v.range.low for v in side), max(v.range.high for v in side)
