"""Elixhauser's comorbidities from coded diagnoses, counted or weighted.

Elixhauser A et al., Med Care 1998;36:8-27; codes of Quan H et al., Med Care
2005;43:1130-1139; weights of van Walraven C et al., Med Care 2009;47:626-633.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Literal

from streams.clinical.comorbidity.code_lists import code_lists, table
from streams.clinical.comorbidity.diagnoses import (
    Comorbidities,
    Principal,
    Uncoded,
    comorbidities,
    worth,
)
from streams.clinical.scores.score import Score
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline


Weights = Literal["count", "van_walraven", "mimic_code"]

GRAVER = MappingProxyType(
    {
        "hypertension_uncomplicated": "hypertension_complicated",
        "diabetes_uncomplicated": "diabetes_complicated",
        "solid_tumor": "metastatic_cancer",
    }
)
"""Beside the graver one the milder does not count (Elixhauser 1998)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElixhauserPolicy:
    """One reading of the comorbidities."""

    name: str

    weights: Weights = "van_walraven"
    """`count`: how many there are.  `van_walraven`: points for death in hospital.
    `mimic_code`: the same, the arrhythmias left out (mimic-code
    `elixhauser_score_quan.sql`)."""

    hierarchy: bool = True
    """Whether the milder of two forms counts only without the graver."""

    uncoded: Uncoded = "absent_if_coded"
    """A condition no code stands for."""

    principal: Principal = "count"
    """The code of rank 1: like any other (clifpy, comorbidipy), or no comorbidity
    (mimic-code; Elixhauser 1998 screens by diagnosis-related groups)."""


ELIXHAUSER = ElixhauserPolicy(name="ember")
ELIXHAUSER_COUNT = ElixhauserPolicy(name="count", weights="count")
ELIXHAUSER_MIMIC = ElixhauserPolicy(
    name="mimic", weights="mimic_code", uncoded="absent", principal="leave_out"
)
ELIXHAUSER_POLICIES = {
    policy.name: policy for policy in (ELIXHAUSER_MIMIC, ELIXHAUSER_COUNT, ELIXHAUSER)
}


def elixhauser(
    timeline: Timeline,
    at: datetime,
    *,
    encounter: str | None = None,
    policy: ElixhauserPolicy = ELIXHAUSER,
) -> Score:
    """The score by the codes on record at `at`: of one hospital stay, or of all."""
    found = elixhauser_conditions(timeline, at, encounter=encounter, policy=policy)
    weights = weights_of(policy.weights)
    return Score(
        name=SPEC.name,
        at=at,
        components=tuple(
            worth(found, group[0], [(name, weights[name]) for name in group])
            for group in _groups(hierarchy=policy.hierarchy)
        ),
        missing=() if found.rest_absent else ("diagnoses",),
    )


def elixhauser_conditions(
    timeline: Timeline,
    at: datetime,
    *,
    encounter: str | None = None,
    policy: ElixhauserPolicy = ELIXHAUSER,
) -> Comorbidities:
    """Each of the 31 conditions by itself, the milder beside the graver."""
    return comorbidities(
        timeline,
        at,
        index="elixhauser",
        encounter=encounter,
        uncoded=policy.uncoded,
        principal=policy.principal,
    )


@cache
def weights_of(kind: Weights) -> Mapping[str, int]:
    """By condition, its points."""
    if kind == "count":
        return MappingProxyType(dict.fromkeys(code_lists("elixhauser"), 1))
    rows = table("elixhauser_weights.csv")
    return MappingProxyType({row["condition"]: int(row[kind]) for row in rows})


@cache
def _groups(*, hierarchy: bool) -> tuple[tuple[str, ...], ...]:
    """The conditions, the graver with its milder form; named after the first."""
    names = tuple(code_lists("elixhauser"))
    if not hierarchy:
        return tuple((name,) for name in names)
    milder = {graver: mild for mild, graver in GRAVER.items()}
    return tuple(
        (name, milder[name]) if name in milder else (name,)
        for name in names
        if name not in GRAVER
    )


SPEC = Specification(
    name="elixhauser",
    title="Elixhauser comorbidities",
    version="1998, codes of Quan 2005, weights of van Walraven 2009",
    grade=Grade.PARTIAL,
    grade_reason=(
        "No source was read itself. ICD-9-CM codes agree between mimic-code and "
        "comorbidipy, ICD-10 codes between clifpy and comorbidipy, and the weights "
        "between the latter two; clifpy and comorbidipy have a common ancestor, the R "
        "package comorbidity."
    ),
    rule=(
        "31 conditions by lists of ICD-9-CM and ICD-10 codes, each a prefix.\n\n"
        "Complicated hypertension, complicated diabetes and metastatic cancer take the "
        "place of their milder forms.\n\n"
        "Counted, or added up with van Walraven's points (-19 to 89 before the "
        "hierarchy)."
    ),
    sources=(
        "Elixhauser A et al., Med Care 1998;36:8-27",
        "Quan H et al., Med Care 2005;43:1130-1139",
        "van Walraven C et al., Med Care 2009;47:626-633",
        "mimic-code, mimic-iii/concepts/comorbidity/elixhauser_quan.sql, MIT",
        "clifpy, clifpy/data/comorbidity/elixhauser.yaml, Apache-2.0",
        "comorbidipy, codemaps/mapping.py and weights.py, commit 4fadb048, MIT",
    ),
    inputs=("condition",),
    choices=(
        Choice(
            argument="weights",
            default="van_walraven",
            readings=(
                "van_walraven (clifpy, comorbidipy); mimic_code (without the "
                "arrhythmias); count"
            ),
        ),
        Choice(
            argument="principal",
            default="count",
            readings="count (clifpy, comorbidipy); leave_out (mimic-code)",
        ),
        Choice(
            argument="hierarchy",
            default="yes",
            readings=(
                "yes: the milder of two forms does not count beside the graver "
                "(Elixhauser 1998); no: each counts (ours, to compare)"
            ),
        ),
        Choice(
            argument="uncoded",
            default="absent_if_coded",
            readings="absent_if_coded, unknown (ours); absent (mimic-code)",
        ),
    ),
    traps=(
        (
            "Five conditions lower van Walraven's score: a longer list of codes is not "
            "always a higher score."
        ),
        (
            "Coagulopathy and disorders of fluid and electrolytes are what sepsis itself "
            "brings; without a mark of what was there on admission they are no comorbidity."
        ),
        (
            "Codes are assigned after discharge: at recruitment only those of earlier stays "
            "are known."
        ),
    ),
)
