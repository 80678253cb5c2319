"""SENECA clinical phenotypes: alpha, beta, gamma, delta.

Seymour CW et al., JAMA 2019;321:2003-2017, doi 10.1001/jama.2019.5791; assignment by
Euclidean distance as in the authors' script (pitt-healthsciences/SENECA, commit
a367fea, MIT).
A stratifier, never a sole criterion: re-derived phenotypes agreed with these at a kappa
of 0.32 to 0.40 (JAMA Netw Open 2026, doi 10.1001/jamanetworkopen.2026.16134).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from streams.clinical.phenotypes.seneca_distance import (
    Distances,
    distances,
    lacking,
    margin,
    nearest,
    used,
)
from streams.clinical.phenotypes.seneca_inputs import Input, inputs
from streams.clinical.phenotypes.seneca_policy import DEFAULT, SenecaPolicy
from streams.clinical.phenotypes.seneca_table import Phenotype
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class SenecaResult:
    """The phenotype of one patient, and how far it can be trusted."""

    label: Phenotype | None
    refused: str | None
    """Why there is no label: `12 of 20 variables`, `two are equally near`."""
    distances: Distances | None
    """To alpha, beta, gamma and delta; None where no variable is known."""
    margin: float | None
    """(second - nearest) / nearest: near 0 the label is a toss-up."""
    used: tuple[str, ...]
    missing: tuple[str, ...]
    noted: tuple[tuple[str, str], ...]
    """Variables whose value is not as measured: `floored` or `censored`."""
    other_readings: tuple[tuple[str, Phenotype | None], ...]
    """The label by the other readings of script and C-reactive protein."""
    evidence: tuple[str, ...]
    status: Literal["provisional", "confirmed"] = "confirmed"
    final_at: datetime | None = None
    """When the hours that count are over."""

    @property
    def count(self) -> int:
        """How many variables the distances rest on."""
        return len(self.used)


def assign(found: Sequence[Input], policy: SenecaPolicy = DEFAULT) -> SenecaResult:
    """The phenotype from the variables there are."""
    values = {one.variable: one.value for one in found}
    entered = used(values, policy)
    apart = distances(values, policy) if entered else None
    label, refused = _label(len(entered), apart, policy)
    return SenecaResult(
        label=label,
        refused=refused,
        distances=apart,
        margin=None if apart is None else margin(apart),
        used=entered,
        missing=lacking(values, policy),
        noted=tuple(
            (one.variable, one.note)
            for one in found
            if one.note is not None and one.variable in entered
        ),
        other_readings=tuple(_others(values, policy)),
        evidence=tuple(
            dict.fromkeys(
                e for one in found if one.variable in entered for e in one.evidence
            )
        ),
    )


def seneca(
    timeline: Timeline,
    presented_at: datetime,
    at: datetime,
    policy: SenecaPolicy = DEFAULT,
) -> SenecaResult:
    """The phenotype by the worst values of the first hours, as far as `at`."""
    final = presented_at + policy.within
    result = assign(inputs(timeline, presented_at, min(at, final), policy), policy)
    status: Literal["provisional", "confirmed"] = (
        "confirmed" if at >= final else "provisional"
    )
    return replace(result, status=status, final_at=final)


def _label(
    count: int, apart: Distances | None, policy: SenecaPolicy
) -> tuple[Phenotype | None, str | None]:
    if apart is None or count < policy.least:
        return None, f"{count} of {policy.least} variables"
    label = nearest(apart)
    return label, None if label else "two are equally near"


def _others(
    values: dict[str, float], policy: SenecaPolicy
) -> Iterator[tuple[str, Phenotype | None]]:
    for compat, crp in _READINGS:
        if (compat, crp) != (policy.compat, policy.crp):
            other = replace(policy, compat=compat, crp=crp)
            entered = used(values, other)
            apart = distances(values, other) if entered else None
            yield f"{compat}, crp {crp}", _label(len(entered), apart, other)[0]


_READINGS: tuple[
    tuple[Literal["all29", "script"], Literal["left_out", "mg/L", "mg/dL"]], ...
] = (
    ("all29", "left_out"),
    ("all29", "mg/L"),
    ("all29", "mg/dL"),
    ("script", "left_out"),
    ("script", "mg/L"),
    ("script", "mg/dL"),
)


SPEC = Specification(
    name="seneca",
    title="SENECA clinical phenotypes",
    version="2019",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Means, deviations and centroids are the authors' own; that the worst value of "
        "6 hours counts, and which end is worst, was not read in the paper."
    ),
    rule=(
        "Of each of 29 variables the most abnormal value of the first 6 hours, "
        "logarithms where the table says so, in standard deviations of the derivation "
        "cohort.  The phenotype is that of the nearest of four centroids.\n\n"
        "With fewer than 20 variables there is none.  Distances to all four, the margin "
        "and the label by the other readings are told beside it."
    ),
    sources=(
        "Seymour CW et al., JAMA 2019;321:2003-2017, doi 10.1001/jama.2019.5791",
        "github.com/pitt-healthsciences/SENECA, commit a367fea, MIT",
        "JAMA Netw Open 2026, doi 10.1001/jamanetworkopen.2026.16134 (agreement)",
    ),
    inputs=(
        *("demographics", "condition", "assessment:gcs_total"),
        *("assessment:gcs_motor", "assessment:gcs_verbal", "assessment:gcs_eye"),
        *("measurement:", "biomarker:"),
    ),
    choices=(
        Choice(
            argument="compat",
            default="all29",
            readings="`all29`: as the paper describes; `script`: as published, without "
            "age.",
        ),
        Choice(
            argument="crp",
            default="left_out",
            readings="`mg/L`: as the script declares; `mg/dL`: as its figures suggest; "
            "`left_out`.",
        ),
        Choice(
            argument="missing",
            default="skip",
            readings="`skip`: as the script's sum does; `derivation_mean`.",
        ),
        Choice(
            argument="least",
            default="20",
            readings="How many variables there must be: ours.",
        ),
        Choice(
            argument="within",
            default="6 h",
            readings="From presentation: JAMA 2019, from memory.",
        ),
        Choice(
            argument="worst",
            default="by_table",
            readings="Which of several values: by direction (ours), "
            "`farthest_from_mean`, `first`.",
        ),
        Choice(
            argument="zero",
            default="floor",
            readings="A result of nought: `floor`, or `left_out`; the script makes it "
            "minus infinity.",
        ),
        Choice(
            argument="censored",
            default="half_or_bound",
            readings="`<x` as x/2 and `>x` as x (ours); or `left_out` (ours).",
        ),
        Choice(
            argument="implausible",
            default="counts",
            readings="`counts` (ours: the sickest have such values), or `left_out`.",
        ),
    ),
    traps=(
        "The published script leaves age out of the distance.",
        "Distances over few variables are short, whatever the phenotype.",
        "Diagnoses are coded after discharge: comorbidity is unknown at presentation.",
        "Agreement with re-derived phenotypes is poor: never a sole criterion.",
    ),
)
