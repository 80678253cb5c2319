"""National Early Warning Score 2: seven observations, 0 to 20 points.

Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017.
Observations are charted as whole numbers, temperature in tenths; anything finer is
rounded half up first, for the chart has no bands between its bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from math import inf, isfinite, nextafter
from typing import Literal

from streams.clinical.criteria.intervals import Interval
from streams.clinical.criteria.judgement import PatientView
from streams.clinical.criteria.person import judge_age, judge_pregnant, judge_sex
from streams.clinical.scores.bedside import (
    BedsidePolicy,
    Observed,
    Said,
    Window,
    criterion,
    decisive,
    recent,
)
from streams.clinical.scores.bedside_choices import NEWS2_CHOICES
from streams.clinical.scores.breathing import on_oxygen
from streams.clinical.scores.consciousness import Sources, altered
from streams.clinical.scores.gcs_sedation import SedationPolicy
from streams.clinical.scores.news2_bands import (
    BREATHS,
    PULSE,
    SATURATION_1,
    SATURATION_2_AIR,
    SATURATION_2_OXYGEN,
    SYSTOLIC,
    TEMPERATURE,
)
from streams.clinical.scores.points import Bands
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.scores.score import Score, worst_of
from streams.clinical.scores.values import Value, banded
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Assessment
from streams.vocabulary.kinds.person import Age, Pregnant, Sex
from streams.vocabulary.messages import Component
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


@dataclass(frozen=True, slots=True, kw_only=True)
class News2Policy(BedsidePolicy):
    """One reading of NEWS2."""

    spo2_scale: Literal["charted", "1", "2"] = "charted"
    """Which scale of SpO2 counts.

    `charted`: scale 2 where a clinician chose it for this hospital stay (assessment
    `news2_spo2_scale` of 2), else scale 1; a diagnosis never chooses it (RCP 2017).
    `1`, `2`: that scale for everybody.
    """

    oxygen_unsaid: Literal["unknown", "air"] = "unknown"
    """Nothing charted of oxygen: not known, or air, where a site charts oxygen only
    when it is given."""

    consciousness: Sources = "gcs_or_acvpu"
    """ACVPU (RCP 2017), or a Glasgow coma scale below 15 as anything but alert (ours,
    where ACVPU is not charted); the later of both."""

    sedation: SedationPolicy = field(default_factory=SedationPolicy)
    """What a total under sedation or a tube is worth."""


NEWS2 = News2Policy(name="ember")

POLICIES = {policy.name: policy for policy in (NEWS2,)}


class Response(StrEnum):
    """The clinical response a score calls for (RCP 2017)."""

    LOW = "low"
    """0 to 4: ward-based."""
    LOW_MEDIUM = "low_medium"
    """3 in any one observation: urgent ward-based review."""
    MEDIUM = "medium"
    """5 or 6: urgent."""
    HIGH = "high"
    """7 and more: emergency."""


SPEC = Specification(
    name="news2",
    title="National Early Warning Score 2",
    version="2017",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The bands were checked against published test tables and code, not read in "
        "the report of the Royal College itself."
    ),
    rule=(
        "Respiratory rate, SpO2 (scale 1, or scale 2 where a clinician chose it), air "
        "or oxygen, systolic pressure, pulse, consciousness (ACVPU; new confusion "
        "counts) and temperature give 0 to 3 points each (oxygen 2). From 5 urgent, "
        "from 7 emergency; 3 in one observation calls for urgent ward review.\n\n"
        "Of each observation the latest value counts, if it is not older than 12 hours; "
        "of several at one moment the worst. For patients of 16 and older who are not "
        "pregnant (`news2_applies`)."
    ),
    sources=(
        (
            "Royal College of Physicians, National Early Warning Score (NEWS) 2, 2017, "
            "ISBN 978-1-86016-682-2"
        ),
        "LOINC 88330-6; SNOMED CT 1104051000000101",
    ),
    inputs=(
        "measurement:resp_rate",
        "measurement:spo2",
        "measurement:fio2",
        "measurement:o2_flow",
        "measurement:sbp",
        "measurement:heart_rate",
        "measurement:temperature",
        "respiratory_support",
        "assessment:acvpu",
        "assessment:news2_spo2_scale",
        "assessment:gcs_total",
        "assessment:gcs_eye",
        "assessment:gcs_verbal",
        "assessment:gcs_motor",
        "infusion:propofol",
        "infusion:midazolam",
        "infusion:dexmedetomidine",
        "demographics",
        "pregnancy",
    ),
    choices=NEWS2_CHOICES,
    traps=(
        (
            "FiO2 above 0.2 up to 1 under the unit % is a fraction under a wrong unit, and is "
            "read as one; from above 1 to below 20 nobody can say what is meant, and the "
            "number does not count."
        ),
        "Scale 2 without a clinician's choice hides hypoxia.",
        "On scale 2 a high SpO2 scores, but only on oxygen.",
        "38.05 is read as 38.1: the printed bands leave gaps between tenths.",
        "Not for children, nor in pregnancy.",
    ),
)


def news2(timeline: Timeline, at: datetime, *, policy: News2Policy = NEWS2) -> Score:
    """The score at a moment, of what had happened by then."""
    window = recent(at, policy.vitals_within)
    oxygen = _oxygen(timeline, window, policy)
    alertness = altered(
        timeline,
        window,
        policy,
        sources=policy.consciousness,
        gcs_below=15.0,
        sedation=policy.sedation,
    )
    components = (
        _banded(timeline, "respiratory_rate", window, policy),
        _saturation(timeline, window, policy, oxygen.truth),
        criterion("oxygen", [oxygen], points=2),
        _banded(timeline, "systolic_pressure", window, policy),
        _banded(timeline, "pulse", window, policy),
        criterion("consciousness", [alertness], points=3),
        _banded(timeline, "temperature", window, policy),
    )
    missing = tuple(
        name
        for name, part in zip(INPUTS, components, strict=True)
        if part.points is None
    )
    return Score(name=SPEC.name, at=at, components=components, missing=missing)


INPUTS = (
    "resp_rate",
    "spo2",
    "oxygen",
    "sbp",
    "heart_rate",
    "consciousness",
    "temperature",
)
"""What `missing` calls the seven observations."""


@part
def news2_applies(timeline: Timeline, at: datetime) -> Truth3:
    """Whether the score was made for this patient: 16 or older, and not pregnant.

    UNKNOWN where the record does not say; a pregnancy test speaks for 280 days.
    """
    view = PatientView(timeline=timeline)
    male = judge_sex(_MALE, view, at).truth
    pregnant = judge_pregnant(_PREGNANT, view, at).truth
    return judge_age(_GROWN, view, at).truth & (male | ~pregnant)


_GROWN = Age.model_validate({"kind": "age", "is": ">= 16 years"})
_MALE = Sex.model_validate({"kind": "sex", "is": "male"})
_PREGNANT = Pregnant.model_validate({"kind": "pregnant", "within": "280 d"})


def response(score: Score) -> tuple[Response, Response]:
    """The least and the most the score may call for, given what is missing."""
    least = _response(score.lower, [part.lower for part in score.components])
    most = _response(score.upper, [part.upper for part in score.components])
    return least, most


def spo2_scale(timeline: Timeline, at: datetime) -> Literal["1", "2"]:
    """The scale in force: 2 only where a clinician chose it, for this hospital stay.

    A choice filed under another stay than the last SpO2 is no longer in force.
    """
    chosen = timeline.latest(Assessment, "assessment:news2_spo2_scale", at)
    if chosen is None or chosen.value != 2:
        return "1"
    seen = timeline.lane("measurement:spo2").latest(at)
    stays = {chosen.encounter, None if seen is None else seen.encounter}
    return "2" if None in stays or len(stays) == 1 else "1"


_CHARTED: dict[str, tuple[str, Bands, int]] = {
    "respiratory_rate": ("resp_rate", BREATHS, 0),
    "systolic_pressure": ("sbp", SYSTOLIC, 0),
    "pulse": ("heart_rate", PULSE, 0),
    "temperature": ("temperature", TEMPERATURE, 1),
}
"""By component: concept, bands, decimal places of the chart."""


def _banded(
    timeline: Timeline, name: str, window: Window, policy: News2Policy
) -> Component:
    concept, bands, places = _CHARTED[name]
    found = decisive(timeline, concept, window, policy)
    parts = [banded(name, _charted(value, places), bands) for value in found]
    return _worst(name, parts, policy)


def _saturation(
    timeline: Timeline, window: Window, policy: News2Policy, oxygen: Truth3
) -> Component:
    scale = policy.spo2_scale
    if scale == "charted":
        scale = spo2_scale(timeline, window.until)
    tables = [SATURATION_1] if scale == "1" else _second_scale(oxygen)
    found = decisive(timeline, "spo2", window, policy)
    parts = [_of_tables(_charted(value, 0), tables) for value in found]
    return _worst("spo2", parts, policy)


def _second_scale(oxygen: Truth3) -> list[Bands]:
    """Both tables, as long as nobody said whether the patient is on oxygen."""
    tables = {
        TRUE: [SATURATION_2_OXYGEN],
        FALSE: [SATURATION_2_AIR],
        UNKNOWN: [SATURATION_2_AIR, SATURATION_2_OXYGEN],
    }
    return tables[oxygen]


def _of_tables(value: Value, tables: Sequence[Bands]) -> Component:
    parts = [banded("spo2", value, bands) for bands in tables]
    lower = min(part.lower for part in parts)
    upper = max(part.upper for part in parts)
    return Component(
        name="spo2",
        points=lower,
        lower=lower,
        upper=upper,
        evidence=(value.event_id,),
    )


def _worst(name: str, parts: Sequence[Component], policy: News2Policy) -> Component:
    most = 3 if policy.missing == "unknown" else 0
    return worst_of(name, parts, most=most)


def _oxygen(timeline: Timeline, window: Window, policy: News2Policy) -> Said:
    said = on_oxygen(timeline, window)
    assumed = policy.oxygen_unsaid == "air" or policy.missing == "normal"
    return Said(FALSE) if assumed and not said.evidence else said


def _charted(value: Observed, places: int) -> Value:
    """The value as the chart would hold it: both ends rounded half up."""
    reach = value.range
    low = nextafter(reach.low, inf) if reach.low_open else reach.low
    high = nextafter(reach.high, -inf) if reach.high_open else reach.high
    rounded = Interval(_rounded(low, places), _rounded(high, places))
    return Value(value.at, rounded, value.evidence[0])


def _rounded(value: float, places: int) -> float:
    return round_half_up(value, places) if isfinite(value) else value


def _response(total: int, points: Sequence[int]) -> Response:
    if total >= 7:
        return Response.HIGH
    if total >= 5:
        return Response.MEDIUM
    return Response.LOW_MEDIUM if 3 in points else Response.LOW
