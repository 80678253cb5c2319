"""Acute kidney injury by KDIGO: the worst of creatinine, urine and renal replacement.

KDIGO Clinical Practice Guideline for Acute Kidney Injury, Kidney Int Suppl 2012;2:1-138.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.scores.body_weight import weight_spans
from streams.clinical.scores.chart import PATIENT, Chart, Scope, back
from streams.clinical.scores.kdigo_choices import CHOICES
from streams.clinical.scores.kdigo_creatinine import (
    LONG,
    CreatinineStage,
    creatinine_stages,
    creatinines,
)
from streams.clinical.scores.kdigo_policy import KDIGO, KdigoPolicy, UrinePolicy
from streams.clinical.scores.kdigo_rows import EVER, staged_urine, urine_stage
from streams.clinical.scores.latest import last_told
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.renal_replacement import running, signs_of_rrt
from streams.clinical.scores.score import Score, worst_of
from streams.clinical.scores.stays import UnitStay, unit_stays
from streams.clinical.scores.urine import IRRIGANT, URINE
from streams.clinical.scores.urine_rate import UrineRates, urine_rates, voids
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.messages import Component


_VOLUMES = (f"fluid:{URINE}", f"fluid:{IRRIGANT}")

_PATIENTS = SofaPolicy()
"""Laboratory results are read by no policy of SOFA's: any will do."""

_BEYOND = 24 * HOUR + 3 * DAY
"""How far before the first rate of interest chartings are read: a day of volumes, and
time enough to know when the first of them began to collect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KdigoStage(Score):
    """The stage at one moment; the parts are not added up, the worst one counts."""

    provisional: bool = False
    """Whether the baseline may still change: until discharge, where it is the lowest
    of the hospital stay."""

    @property
    def total(self) -> int:
        """The stage that the facts establish: 0 to 3."""
        return max((c.points or 0 for c in self.components), default=0)

    @property
    def lower(self) -> int:
        """The least the stage can be."""
        return max((c.lower for c in self.components), default=0)

    @property
    def upper(self) -> int:
        """The most the stage can be, given what is missing."""
        return max((c.upper for c in self.components), default=0)


def kdigo(
    timeline: Timeline, at: datetime, *, policy: KdigoPolicy = KDIGO
) -> KdigoStage:
    """The stage at `at`, of what has happened by then.

    Each input counts for as long as the policy says; one that was not seen leaves the
    stage open, but for renal replacement, whose absence nobody charts.
    """
    stay = _stay(timeline, at) if policy.scope == "icu_stay" else None
    if policy.scope == "icu_stay" and stay is None:
        parts = [_unseen("creatinine"), _unseen("urine"), _no_rrt(policy)]
        return KdigoStage(
            name=SPEC.name, at=at, components=tuple(parts), missing=("icu_stay",)
        )
    scope = PATIENT if stay is None else Scope(stay.stay, stay.encounter)
    chart = Chart(timeline, SofaPolicy(codes=policy.urine.codes), scope, at)
    creatinine, no_creatinine, provisional = _of_creatinine(timeline, at, policy)
    if stay is None and policy.pick == "latest":
        urine, no_urine = _last_urine(timeline, at, policy)
    else:
        urine, no_urine = _urine(chart, at, policy, stay)
    return KdigoStage(
        name=SPEC.name,
        at=at,
        components=(creatinine, urine, _rrt(chart, at, policy)),
        missing=no_creatinine + no_urine,
        provisional=provisional,
    )


_Part = tuple[Component, tuple[str, ...]]
"""A component, and what it lacks."""


def _stay(timeline: Timeline, at: datetime) -> UnitStay | None:
    held = [stay for stay in unit_stays(timeline, at) if stay.holds(at)]
    return held[-1] if held else None


def _unseen(name: str) -> Component:
    return Component(name=name, points=None, lower=0, upper=3)


def _no_rrt(policy: KdigoPolicy) -> Component:
    """Nothing was seen, so it has no points, even where that is taken for none."""
    most = 3 if policy.rrt_unseen == "unknown" else 0
    return Component(name="rrt", points=None, lower=0, upper=most)


def _since(at: datetime, reach: timedelta, policy: KdigoPolicy) -> datetime:
    """mimic-code's last six hours hold both their ends."""
    return at - reach - timedelta(microseconds=1 if policy.pick == "worst" else 0)


@part
def _of_creatinine(
    timeline: Timeline, at: datetime, policy: KdigoPolicy
) -> tuple[Component, tuple[str, ...], bool]:
    """Its component, what it lacks, and whether the baseline may still change."""
    staged = _staged(timeline, at, policy)
    provisional = any(s.baseline and s.baseline.provisional for s in staged)
    return _creatinine(staged, policy), _no_creatinine(staged), provisional


def _staged(
    timeline: Timeline, at: datetime, policy: KdigoPolicy
) -> Sequence[CreatinineStage]:
    """The stages of the creatinines that count; laboratory results are the patient's."""
    chart = Chart(timeline, _PATIENTS, PATIENT, at)
    after = _since(at, policy.creatinine_reach, policy)

    def told(after: datetime, until: datetime) -> list[CreatinineStage]:
        since = back(after - LONG)
        measured = creatinines(chart, policy.creatinine, since, until)
        return creatinine_stages(chart, policy.creatinine, measured, after)

    if policy.pick == "latest":
        return last_told(timeline, ("measurement:creatinine",), after, at, told)
    return told(after, at)


def _creatinine(staged: Sequence[CreatinineStage], policy: KdigoPolicy) -> Component:
    parts = [
        Component(
            name="creatinine",
            points=one.points,
            lower=one.lower,
            upper=one.upper,
            evidence=one.evidence,
        )
        for one in staged
    ]
    return _picked("creatinine", parts, policy)


def _no_creatinine(staged: Sequence[CreatinineStage]) -> tuple[str, ...]:
    if not staged:
        return ("creatinine",)
    last = staged[-1]
    open_ended = last.lower < last.upper and last.low_48_hours is None
    return ("creatinine_before",) if last.baseline is None or open_ended else ()


def _urine(
    chart: Chart, at: datetime, policy: KdigoPolicy, stay: UnitStay | None
) -> _Part:
    after = _since(at, policy.urine_reach, policy)
    told = voids(chart, policy.urine, EVER if stay else after - _BEYOND, at)
    spans = () if stay is None else weight_spans(chart, stay)
    rates = list(urine_rates(chart, policy.urine, told, spans, after=after))
    entered = None if stay is None else stay.entered
    parts = [_of(one, policy, entered) for one in rates]
    return _picked("urine", parts, policy), _no_urine(rates)


@part
def _last_urine(timeline: Timeline, at: datetime, policy: KdigoPolicy) -> _Part:
    """The same of the last charting, with as many before it as its rates rest on."""
    chart = Chart(timeline, SofaPolicy(codes=policy.urine.codes), PATIENT, at)

    def told(after: datetime, until: datetime) -> list[UrineRates]:
        before = voids(chart, policy.urine, after - _reach(policy.urine), until)
        return list(urine_rates(chart, policy.urine, before, (), after=after))

    after = _since(at, policy.urine_reach, policy)
    rates = last_told(timeline, _VOLUMES, after, at, told)
    parts = [_of(one, policy, None) for one in rates]
    return _picked("urine", parts, policy), _no_urine(rates)


def _reach(policy: UrinePolicy) -> timedelta:
    """How far before a charting the volumes lie that its rates may rest on.

    Where a long gap and a first charting alike only start the clock, nobody need look
    further back than such a gap.
    """
    if policy.first == "starts_the_clock" and policy.longest_gap is not None:
        return min(_BEYOND, 24 * HOUR + policy.longest_gap)
    return _BEYOND


def _no_urine(rates: Sequence[UrineRates]) -> tuple[str, ...]:
    if rates and rates[-1].kg is None:
        return ("weight",)
    return ("urine",) if not rates or None in rates[-1].rates else ()


def _of(rates: UrineRates, policy: KdigoPolicy, entered: datetime | None) -> Component:
    """A rate that is not known may be none at all."""
    points = staged_urine(rates, policy, entered)
    worst = urine_stage([0.0 if rate is None else rate for rate in rates.rates])
    return Component(
        name="urine",
        points=points,
        lower=points or 0,
        upper=max(points or 0, worst),
        evidence=rates.evidence,
    )


def _rrt(chart: Chart, at: datetime, policy: KdigoPolicy) -> Component:
    after = at - policy.rrt_reach
    if policy.rrt == "charted_mode":
        after = _since(at, policy.urine_reach, policy)
    signs = [
        e for told in signs_of_rrt(chart, policy, after, at).values() for e in told
    ]
    if policy.rrt == "any":
        signs += running(chart, at)
    if not signs:
        return _no_rrt(policy)
    seen = tuple(dict.fromkeys(signs))
    return Component(name="rrt", points=3, lower=3, upper=3, evidence=seen)


def _picked(name: str, parts: list[Component], policy: KdigoPolicy) -> Component:
    if policy.pick == "latest" and parts:
        return parts[-1]
    return worst_of(name, parts, most=3)


SPEC = Specification(
    name="kdigo",
    title="Acute kidney injury (KDIGO)",
    version="2012",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Policy `mimic` equals mimic-code's kdigo_stages and urine_output_rate cell for "
        "cell on 49 patients of the MIMIC-IV demo, where no mode of CRRT survives, so "
        "that this column was not put to the test. The defaults marked as ours are ours."
    ),
    rule=(
        "Stage 1: creatinine at least 1.5 times the lowest of 7 days, or 0.3 mg/dL "
        "(26.5 µmol/L) above the lowest of 48 hours; or less than 0.5 mL/kg/h of urine "
        "over 6 hours.\n\n"
        "Stage 2: at least 2.0 times; or less than 0.5 mL/kg/h over 12 hours.\n\n"
        "Stage 3: at least 3.0 times, or at least 4.0 mg/dL (353.6 µmol/L) together with "
        "a rise that makes stage 1; or less than 0.3 mL/kg/h over 24 hours, or none over "
        "12 hours; or renal replacement therapy.\n\n"
        "The worst of the three counts."
    ),
    sources=(
        "KDIGO AKI Work Group, Kidney Int Suppl 2012;2:1-138",
        "mimic-code, mimic-iv/concepts/organfailure/kdigo_*.sql, commit 8bcbd190, MIT",
    ),
    inputs=(
        "measurement:creatinine",
        "measurement:weight",
        "measurement:heart_rate",
        "fluid:urine",
        "fluid:gu_irrigant",
        "procedure",
        "assessment:crrt_mode",
        "location",
        "encounter",
        "condition",
        "demographics",
    ),
    choices=CHOICES,
    traps=(
        (
            "A patient on chronic dialysis is stage 3 by the letter; KDIGO's stages are not "
            "meant for them."
        ),
        (
            "mimic-code tests the 6-hour rate first: after a charting gap of 12 hours the "
            "urine has no stage, though rates over 12 and 24 hours exist."
        ),
        (
            "mimic-code smooths over all rows of a patient by the time since each row's own "
            "ICU admission: stages of one stay show in another."
        ),
        "Weight after fluid resuscitation makes oliguria of a normal output.",
        (
            "Without an earlier creatinine nothing can be said of a ratio; a baseline "
            "back-calculated at 75 overcalls injury in chronic kidney disease."
        ),
        (
            "Under 18 years KDIGO adds an eGFR below 35 mL/min/1.73 m² to stage 3; it is not "
            "built here."
        ),
    ),
)
