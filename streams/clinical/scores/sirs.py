"""Systemic inflammatory response syndrome: four criteria, one point each.

Bone RC et al. (ACCP/SCCM consensus conference), Crit Care Med 1992;20:864-874.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import inf, isfinite
from typing import Literal

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.arterial import arterial_values
from streams.clinical.scores.bedside import (
    BedsidePolicy,
    Limit,
    Observed,
    Said,
    Window,
    criterion,
    decisive,
    judged,
    observed,
    recent,
)
from streams.clinical.scores.bedside_choices import SIRS_CHOICES
from streams.clinical.scores.rounding import round_half_up
from streams.clinical.scores.score import Score
from streams.clinical.specification import Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import DAY
from streams.vocabulary.truth import FALSE, UNKNOWN


HEART = (Limit("heart_rate", ">", 90.0),)
"""Per minute."""

BREATHS = (Limit("resp_rate", ">", 20.0),)
"""Per minute."""

CARBON_DIOXIDE = (Limit("paco2", "<", 32.0),)
"""Arterial, mmHg."""

WHITE_CELLS = (Limit("wbc", "<", 4.0), Limit("wbc", ">", 12.0))
"""10*3/uL."""

BANDS = (Limit("bands_pct", ">", 10.0),)
"""Immature neutrophils, per cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SirsPolicy(BedsidePolicy):
    """One reading of SIRS."""

    cold: float = 36.0
    hot: float = 38.0
    """Temperatures (degrees Celsius) below and above which the criterion is met.

    36 and 38 (Bone 1992); 36 and 38.3 (SEP-1); 35 and 38 (ADRENAL).
    """

    laboratory_within: timedelta = DAY
    """How old a laboratory value may be (ours: 1992 names no window)."""

    alternatives: Literal["needed", "optional"] = "needed"
    """Blood gas and band count, seldom taken: without them the criterion stays open as
    long as the other input does not meet it, or that other input settles it."""

    carbon_dioxide: Literal["counts", "ignored"] = "counts"
    """Whether PaCO2 may stand for the respiratory rate (Bone 1992), or not (SEP-1)."""

    arterial: frozenset[str] = frozenset({"ART.", "ART", "arterial"})
    """Specimen names of arterial blood; PaCO2 of any other does not count."""

    whole_gas: bool = False
    """Whether PaCO2 counts only beside a PaO2 of its specimen (mimic-code `bg.sql`)."""


SIRS = SirsPolicy(name="ember")
SEP1_SIRS = SirsPolicy(name="sep1", hot=38.3, carbon_dioxide="ignored")
ADRENAL_SIRS = SirsPolicy(name="adrenal", cold=35.0)

_MIMIC_COUNTS = {
    f"urn:ember:local|mimic-iv:{item}": limits
    for item, limits in {
        220045: (0.0, 300.0),  # heart rate
        220210: (0.0, 70.0),  # respiratory rate
        224690: (0.0, 70.0),  # respiratory rate by the ventilator
        223761: ((70 - 32) / 1.8, (120 - 32) / 1.8),  # Fahrenheit, kept as Celsius
        223762: (10.0, 50.0),  # Celsius
        50818: (-inf, inf),  # pCO2 of a blood gas
        51301: (0.0, inf),  # white cells
        51144: (-1.0, inf),  # bands: 0 is a result
    }.items()
}

MIMIC_SIRS = SirsPolicy(
    name="mimic",
    pick="worst",
    censored="bound",
    missing="normal",
    counts=_MIMIC_COUNTS,
    per_moment="mean",
    alternatives="optional",
    arterial=frozenset({"ART."}),
    whole_gas=True,
)
"""mimic-code's `sirs.sql`; its windows are those of `sirs_first_day.first_day_sirs`."""

POLICIES = {
    policy.name: policy for policy in (SIRS, SEP1_SIRS, ADRENAL_SIRS, MIMIC_SIRS)
}

SPEC = Specification(
    name="sirs",
    title="Systemic inflammatory response syndrome",
    version="1992",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Policy `mimic` is equal to mimic-code's sirs.sql on the MIMIC-IV demo. Bone 1992 "
        "was not read; SEP-1's thresholds are from a table that compares definitions, "
        "ADRENAL's from a registry mirror; windows and defaults marked so are ours."
    ),
    rule=(
        "One point each: temperature below 36 or above 38 degrees Celsius; heart rate "
        "above 90; respiratory rate above 20 or arterial PaCO2 below 32 mmHg; white "
        "cells below 4 or above 12 (10*3/uL) or more than 10 % bands. Positive from 2 "
        "points.\n\n"
        "Of each input the latest value counts, if it is not older than 12 hours "
        "(laboratory: 24 hours). Temperatures are rounded to hundredths first."
    ),
    sources=(
        (
            "Bone RC et al., Crit Care Med 1992;20:864-874, "
            "doi 10.1097/00003246-199206000-00025"
        ),
        "MIT-LCP/mimic-code sirs.sql, commit 8bcbd190, MIT",
    ),
    inputs=(
        "measurement:temperature",
        "measurement:heart_rate",
        "measurement:resp_rate",
        "measurement:paco2",
        "measurement:pao2",
        "measurement:blood_gas_specimen",
        "measurement:wbc",
        "measurement:bands_pct",
    ),
    choices=SIRS_CHOICES,
    traps=(
        "100.4 degrees Fahrenheit is 38.0 degrees Celsius, and no fever here.",
        "A venous PCO2 is higher than the arterial one and does not count.",
    ),
)


def sirs(timeline: Timeline, at: datetime, *, policy: SirsPolicy = SIRS) -> Score:
    """The score at a moment, of what had happened by then."""
    return sirs_of(
        timeline,
        at,
        recent(at, policy.vitals_within),
        recent(at, policy.laboratory_within),
        policy=policy,
    )


def sirs_of(
    timeline: Timeline,
    at: datetime,
    vitals: Window,
    laboratory: Window,
    *,
    policy: SirsPolicy,
) -> Score:
    """The score of two windows, told of the moment `at`."""
    view = _View(timeline, vitals, laboratory, policy)
    told = {
        "temperature": view.temperature(),
        "heart_rate": view.vital(HEART),
        "resp_rate": view.vital(BREATHS),
        "paco2": view.carbon_dioxide(),
        "wbc": view.test(WHITE_CELLS),
        "bands_pct": view.test(BANDS),
    }
    if policy.carbon_dioxide == "ignored":
        del told["paco2"]
    if policy.alternatives == "optional":
        told = _settled(told)
    return Score(
        name=SPEC.name,
        at=at,
        components=(
            criterion("temperature", [told["temperature"]]),
            criterion("heart_rate", [told["heart_rate"]]),
            criterion("respiration", _of(told, "resp_rate", "paco2")),
            criterion("white_cells", _of(told, "wbc", "bands_pct")),
        ),
        missing=tuple(
            name
            for name, said in told.items()
            if not said.evidence or said.truth is UNKNOWN
        ),
    )


@dataclass(frozen=True, slots=True)
class _View:
    """A timeline seen through two windows and a policy."""

    timeline: Timeline
    vitals: Window
    laboratory: Window
    policy: SirsPolicy

    def temperature(self) -> Said:
        limits = (
            Limit("temperature", "<", self.policy.cold),
            Limit("temperature", ">", self.policy.hot),
        )
        found = decisive(self.timeline, "temperature", self.vitals, self.policy)
        return judged([_hundredths(value) for value in found], limits, self.policy)

    def vital(self, limits: Sequence[Limit]) -> Said:
        concept = limits[0].concept
        found = decisive(self.timeline, concept, self.vitals, self.policy)
        return judged(found, limits, self.policy)

    def test(self, limits: Sequence[Limit]) -> Said:
        """Two results of one moment are two results, unlike two readings."""
        each = replace(self.policy, per_moment="each")
        concept = limits[0].concept
        found = decisive(self.timeline, concept, self.laboratory, each)
        return judged(found, limits, self.policy)

    def carbon_dioxide(self) -> Said:
        each = replace(self.policy, per_moment="each")
        found = arterial_values(
            self.timeline,
            observed(self.timeline, "paco2", self.laboratory, each),
            arterial=self.policy.arterial,
            beside="pao2" if self.policy.whole_gas else None,
        )
        return judged(found, CARBON_DIOXIDE, self.policy)


def _of(told: dict[str, Said], *inputs: str) -> list[Said]:
    return [told[name] for name in inputs if name in told]


def _settled(told: dict[str, Said]) -> dict[str, Said]:
    """A pair of alternatives of which one was seen is settled by that one."""
    settled = dict(told)
    for pair in (("resp_rate", "paco2"), ("wbc", "bands_pct")):
        if any(said.evidence for said in _of(told, *pair)):
            settled |= {
                name: Said(FALSE)
                for name in pair
                if name in told and not told[name].evidence
            }
    return settled


def _hundredths(value: Observed) -> Observed:
    """What is left of a conversion from Fahrenheit (38.00000000000001) is no fever.

    To nine places first, as mimic-code's cast to DECIMAL(38, 9) does.
    """
    low, high = _rounded(value.range.low), _rounded(value.range.high)
    ends = (value.range.low_open, value.range.high_open)
    return Observed(value.at, Interval(low, high, *ends), value.evidence)


def _rounded(value: float) -> float:
    return round_half_up(round_half_up(value, 9), 2) if isfinite(value) else value
