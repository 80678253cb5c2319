"""Charlson's comorbidity index from coded diagnoses, with points for age.

Charlson ME et al., J Chronic Dis 1987;40:373-383 (weights); Charlson M et al., J Clin
Epidemiol 1994;47:1245-1251 (age); codes of Quan H et al., Med Care 2005;43:1130-1139.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Literal

from streams.clinical.age import age_at
from streams.clinical.comorbidity.diagnoses import (
    Comorbidities,
    Principal,
    Uncoded,
    comorbidities,
    worth,
)
from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.points import Band, Bands, points_of
from streams.clinical.scores.score import Score
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Encounter
from streams.vocabulary.messages import Component


AGE: Bands = (
    Band(-inf, 50, 0),
    Band(50, 60, 1),
    Band(60, 70, 2),
    Band(70, 80, 3),
    Band(80, inf, 4),
)
"""Whole years; a point for each decade from 50 (Charlson 1994; mimic-code)."""

AGE_FROM_51: Bands = (
    Band(-inf, 51, 0),
    Band(51, 61, 1),
    Band(61, 71, 2),
    Band(71, 81, 3),
    Band(81, inf, 4),
)
"""As mimic-code had it before: 50 counts as under 50."""

GROUPS: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = (
    ("myocardial_infarct", (("myocardial_infarct", 1),)),
    ("congestive_heart_failure", (("congestive_heart_failure", 1),)),
    ("peripheral_vascular_disease", (("peripheral_vascular_disease", 1),)),
    ("cerebrovascular_disease", (("cerebrovascular_disease", 1),)),
    ("dementia", (("dementia", 1),)),
    ("chronic_pulmonary_disease", (("chronic_pulmonary_disease", 1),)),
    ("rheumatic_disease", (("rheumatic_disease", 1),)),
    ("peptic_ulcer_disease", (("peptic_ulcer_disease", 1),)),
    ("liver_disease", (("severe_liver_disease", 3), ("mild_liver_disease", 1))),
    ("diabetes", (("diabetes_with_cc", 2), ("diabetes_without_cc", 1))),
    ("paraplegia", (("paraplegia", 2),)),
    ("renal_disease", (("renal_disease", 2),)),
    ("cancer", (("metastatic_solid_tumor", 6), ("malignant_cancer", 2))),
    ("aids", (("aids", 6),)),
)
"""The weights of 1987; of a group only the gravest counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CharlsonPolicy:
    """One reading of the index."""

    name: str

    uncoded: Uncoded = "absent_if_coded"
    """A condition no code stands for: absent where the stay has any code, else unknown
    (ours), or absent (mimic-code)."""

    principal: Principal = "count"
    """The code of rank 1: like any other (mimic-code), or left out."""

    age: Literal["decades_from_50", "decades_from_51", "none"] = "decades_from_50"
    """Points for age, at admission to the stay: from 50 on (Charlson 1994; mimic-code),
    from 51 on (mimic-code before), or the index of 1987 without them."""


CHARLSON = CharlsonPolicy(name="ember")
CHARLSON_MIMIC = CharlsonPolicy(name="mimic", uncoded="absent")
CHARLSON_POLICIES = {policy.name: policy for policy in (CHARLSON_MIMIC, CHARLSON)}


def charlson(
    timeline: Timeline,
    at: datetime,
    *,
    encounter: str | None = None,
    policy: CharlsonPolicy = CHARLSON,
) -> Score:
    """The index by the codes on record at `at`: of one hospital stay, or of all.

    Codes of a stay are as a rule assigned after it: what was known at its beginning are
    the codes of the stays before.
    """
    found = charlson_conditions(timeline, at, encounter=encounter, policy=policy)
    age = _age(timeline, at, encounter, policy)
    groups = [worth(found, name, members) for name, members in GROUPS]
    missing = [] if found.rest_absent else ["diagnoses"]
    if age is not None and age.points is None:
        missing.append("age")
    return Score(
        name=SPEC.name,
        at=at,
        components=(*(() if age is None else (age,)), *groups),
        missing=tuple(missing),
    )


def charlson_conditions(
    timeline: Timeline,
    at: datetime,
    *,
    encounter: str | None = None,
    policy: CharlsonPolicy = CHARLSON,
) -> Comorbidities:
    """Each of the 17 conditions by itself, the milder beside the graver."""
    return comorbidities(
        timeline,
        at,
        index="charlson",
        encounter=encounter,
        uncoded=policy.uncoded,
        principal=policy.principal,
    )


def _age(
    timeline: Timeline, at: datetime, encounter: str | None, policy: CharlsonPolicy
) -> Component | None:
    if policy.age == "none":
        return None
    bands = AGE if policy.age == "decades_from_50" else AGE_FROM_51
    told = age_at(timeline, _admitted(timeline, at, encounter), now=at)
    years, evidence = (Interval(0, inf), ()) if told is None else (told[0], told[1:])
    lower = points_of(bands, years.low)
    upper = bands[-1].points if years.high == inf else points_of(bands, years.high)
    return Component(
        name="age",
        points=None if told is None else lower,
        lower=lower,
        upper=upper,
        evidence=evidence,
    )


def _admitted(timeline: Timeline, at: datetime, encounter: str | None) -> datetime:
    """When the stay began; `at` where no stay is named, or none is on record."""
    return next(
        (
            fact.happened_at
            for fact in timeline.all(Encounter, "encounter")
            if encounter is not None
            and fact.encounter == encounter
            and fact.phase == "admitted"
            and fact.happened_at <= at
        ),
        at,
    )


SPEC = Specification(
    name="charlson",
    title="Charlson comorbidity index",
    version="1987, codes of Quan 2005",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Policy `mimic` equals mimic-code's charlson cell for cell on 49 patients of the "
        "MIMIC-IV demo; Quan's table itself was not read, its codes are mimic-code's."
    ),
    rule=(
        "1 point each: myocardial infarct, heart failure, peripheral vascular, "
        "cerebrovascular, chronic pulmonary and rheumatic disease, dementia, peptic "
        "ulcer, mild liver disease, diabetes.\n\n"
        "2 points each: diabetes with chronic complications, paraplegia, renal disease, "
        "malignant cancer. 3: severe liver disease. 6: metastatic solid tumour, AIDS.\n\n"
        "Of mild and severe liver disease, of the two forms of diabetes, of cancer and "
        "metastasis only the graver counts.\n\n"
        "A point for each decade of age from 50, at most 4."
    ),
    sources=(
        "Charlson ME et al., J Chronic Dis 1987;40:373-383",
        "Charlson M et al., J Clin Epidemiol 1994;47:1245-1251",
        "Quan H et al., Med Care 2005;43:1130-1139",
        "mimic-code, mimic-iv/concepts/comorbidity/charlson.sql, commit 8bcbd190, MIT",
    ),
    inputs=("condition", "demographics", "encounter"),
    choices=(
        Choice(
            argument="uncoded",
            default="absent_if_coded",
            readings="absent_if_coded, unknown (ours); absent (mimic-code)",
        ),
        Choice(
            argument="age",
            default="decades_from_50",
            readings=(
                "decades_from_50 (Charlson 1994, mimic-code); decades_from_51 "
                "(mimic-code before it mended that); none (Charlson 1987)"
            ),
        ),
        Choice(
            argument="principal",
            default="count",
            readings="count (Quan 2005, mimic-code); leave_out",
        ),
    ),
    traps=(
        (
            "Codes are assigned after discharge: the codes of the stay itself are not known "
            "while a trial recruits, and hold what happened in it (a stroke on day 9)."
        ),
        "AIDS keeps its 6 points of 1987; Quan 2011 gives other weights.",
        (
            "The lists are of ICD-10; ICD-10-CM writes some diseases where they do not look "
            "(diabetes with hyperglycaemia, E11.65, counts as without complications)."
        ),
    ),
)
