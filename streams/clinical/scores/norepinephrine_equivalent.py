"""Vasopressors as one dose of norepinephrine (base), ug/kg/min.

The formulas differ, angiotensin II fourfold; every dose names the one it is from.
SOFA uses none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Literal

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.chart import Chart
from streams.clinical.scores.drips import Drip, drips
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR


Salt = Literal[
    "base", "bitartrate_monohydrate", "bitartrate_anhydrous", "hydrochloride"
]

SALT_PER_BASE: dict[Salt, float] = {
    "base": 1.0,
    "bitartrate_monohydrate": 2.0,
    "bitartrate_anhydrous": 1.89,
    "hydrochloride": 1.22,
}
"""Milligrams that hold 1 mg of norepinephrine base (SOFA-2, JAMA 2025, footnote k)."""

VASOPRESSORS = (
    "norepinephrine",
    "epinephrine",
    "phenylephrine",
    "dopamine",
    "vasopressin",
    "angiotensin_ii",
    "metaraminol",
    "terlipressin",
    "methylene_blue",
    "hydroxocobalamin",
)
"""Drugs that some published formula counts."""


@dataclass(frozen=True, slots=True)
class Formula:
    """What one unit of each drug's rate is worth in ug/kg/min of norepinephrine.

    Rates are in the units of `drugs.csv`: ug/kg/min, vasopressin in U/min, angiotensin
    II in ng/kg/min; metaraminol in ug/kg/min, methylene blue in mg/kg/h.
    """

    name: str
    source: str
    factors: Mapping[str, float]
    uncounted: frozenset[str] = frozenset()
    """Drugs the formula has a term for that cannot be computed here."""


GORADIA_2020 = Formula(
    "goradia_2020",
    "Goradia S et al., J Crit Care 2021;61:233-240, as mimic-code restates it",
    {
        "norepinephrine": 1.0,
        "epinephrine": 1.0,
        "phenylephrine": 1 / 10,
        "dopamine": 1 / 100,
        "vasopressin": 2.5,
        "angiotensin_ii": 0.01,
        "metaraminol": 1 / 8,
    },
)
MIMIC_FORMULA = Formula(
    "mimic",
    "MIT-LCP/mimic-code norepinephrine_equivalent_dose.sql, commit 8bcbd190, MIT",
    {
        "norepinephrine": 1.0,
        "epinephrine": 1.0,
        "phenylephrine": 1 / 10,
        "dopamine": 1 / 100,
        "vasopressin": 2.5,
    },
)
RICU_FORMULA = Formula(
    "ricu",
    "ricu 0.6.3, commit c0efac7 (its factors alone)",
    {
        "norepinephrine": 1.0,
        "epinephrine": 1.0,
        "phenylephrine": 1 / 10,
        "dopamine": 1 / 150,
        "vasopressin": 1 / 0.4,
    },
)
KOTANI_2023 = Formula(
    "kotani_2023",
    "Kotani Y et al., Crit Care 2023;27:29 (coefficients not read in the paper)",
    {
        "norepinephrine": 1.0,
        "epinephrine": 1.0,
        "phenylephrine": 0.06,
        "dopamine": 0.01,
        "vasopressin": 2.5,
        "angiotensin_ii": 0.0025,
        "terlipressin": 10.0,
        "methylene_blue": 0.2,
    },
    uncounted=frozenset({"metaraminol", "hydroxocobalamin"}),
)
"""Metaraminol's unit is in doubt (8 per mg/kg/h?), and hydroxocobalamin is a dose in
grams without a duration: while either is given the sum has no upper bound."""

FORMULAS = {
    formula.name: formula
    for formula in (GORADIA_2020, MIMIC_FORMULA, RICU_FORMULA, KOTANI_2023)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentPolicy:
    """One reading of the dose at a moment."""

    formula: Formula = GORADIA_2020
    """Which published factors."""

    norepinephrine_as: Salt = "base"
    """What the site's rates of norepinephrine are milligrams of. The adapters hand on
    the base; a site whose rates are of a salt says so in its map, or here."""

    same_drug: Literal["sum", "highest"] = "sum"
    """Two drips of one drug at once: both flow; or the faster alone, where a site
    charts one drip twice at a change (mimic-code `sofa.sql` takes the maximum)."""

    stale_after: timedelta = 48 * HOUR
    """A drip not charted for so long, and never stopped, may run or not."""


EQUIVALENT = EquivalentPolicy()
POLICIES = {
    name: EquivalentPolicy(formula=formula) for name, formula in FORMULAS.items()
}

SPEC = Specification(
    name="norepinephrine_equivalent",
    title="Norepinephrine equivalent dose",
    version="2020",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Formula `mimic` is equal to mimic-code on the MIMIC-IV demo; Kotani's "
        "coefficients are from general knowledge and not verified."
    ),
    rule=(
        "Each vasopressor's rate times its published factor, added up, in ug/kg/min of "
        "norepinephrine base. By default Goradia 2020: epinephrine 1, phenylephrine "
        "1/10, dopamine 1/100, vasopressin 2.5 a unit a minute, angiotensin II 0.01 a "
        "nanogram, metaraminol 1/8.\n\n"
        "A rate that cannot be said (no weight, no unit) leaves the dose without an "
        "upper bound: it is at least what the other drugs make."
    ),
    sources=tuple(formula.source for formula in FORMULAS.values()),
    inputs=tuple(f"infusion:{drug}" for drug in VASOPRESSORS),
    choices=(
        Choice(
            argument="formula",
            default="goradia_2020",
            readings=(
                "goradia_2020; mimic (the same, without angiotensin II and "
                "metaraminol); ricu (dopamine /150); kotani_2023 (phenylephrine 0.06, "
                "angiotensin II 0.0025, terlipressin 10; unverified)"
            ),
        ),
        Choice(
            argument="norepinephrine_as",
            default="base",
            readings=(
                "base (ours: adapters hand it on); bitartrate_monohydrate (2 mg a mg "
                "of base), bitartrate_anhydrous (1.89), hydrochloride (1.22): SOFA-2, "
                "footnote k"
            ),
        ),
        Choice(
            argument="same_drug",
            default="sum",
            readings="sum (ours); highest (mimic-code sofa.sql)",
        ),
        Choice(
            argument="stale_after",
            default="48 h",
            readings="48 h (ours): a drip not charted for so long and never stopped may run or not",
        ),
    ),
    traps=(
        "Angiotensin II weighs four times as much by Goradia as by Kotani.",
        "A bitartrate charted as base doubles the dose.",
        "MIMIC-IV charts vasopressin in units an hour.",
        "Metaraminol to norepinephrine was 12.5 to 1 (7.5 to 20) in Costa-Pinto 2024.",
    ),
)


@dataclass(frozen=True, slots=True)
class Part:
    """One drug's share, ug/kg/min of norepinephrine."""

    drug: str
    rate: Interval
    """In the drug's own unit."""
    dose: Interval
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivalentDose:
    """The dose at one moment, by one formula."""

    at: datetime
    formula: str
    parts: tuple[Part, ...]
    """The drugs that run, or may still run."""
    missing: tuple[str, ...]
    """Drugs that run at a rate nobody can say, or that the formula cannot count."""
    ignored: tuple[str, ...]
    """Vasopressors that run and that the formula has no term for."""

    @property
    def lower(self) -> float:
        """The least the dose can be."""
        return sum(part.dose.low for part in self.parts)

    @property
    def upper(self) -> float:
        """The most it can be; infinite where a rate is not known."""
        return sum(part.dose.high for part in self.parts)

    @property
    def value(self) -> float | None:
        """The dose; None where it is not known."""
        return self.lower if self.lower == self.upper else None

    @property
    def evidence(self) -> tuple[str, ...]:
        """The events that made it."""
        return tuple(e for part in self.parts for e in part.evidence)


def norepinephrine_equivalent(
    timeline: Timeline, at: datetime, *, policy: EquivalentPolicy = EQUIVALENT
) -> EquivalentDose:
    """The dose at a moment; a drip counts from its start until just before its end."""
    chart = Chart(timeline, SofaPolicy(), now=at)
    running = {
        drug: [drip for drip in drips(chart, drug) if _runs(drip, at)]
        for drug in VASOPRESSORS
    }
    parts = [
        _part(drug, found, at, policy)
        for drug, found in running.items()
        if found and _has_term(drug, policy.formula)
    ]
    flowing = {drug for drug, found in running.items() if any(map(_flows, found))}
    return EquivalentDose(
        at=at,
        formula=policy.formula.name,
        parts=tuple(parts),
        missing=tuple(part.drug for part in parts if part.dose.high == inf),
        ignored=tuple(
            drug
            for drug in VASOPRESSORS
            if drug in flowing and not _has_term(drug, policy.formula)
        ),
    )


def base_rate(rate: float, salt: Salt) -> float:
    """A rate of norepinephrine given as a salt, as the base it holds."""
    return rate / SALT_PER_BASE[salt]


def _has_term(drug: str, formula: Formula) -> bool:
    return drug in formula.factors or drug in formula.uncounted


def _runs(drip: Drip, at: datetime) -> bool:
    return drip.start <= at and (drip.end is None or at < drip.end)


def _flows(drip: Drip) -> bool:
    return drip.rate != 0


def _part(
    drug: str, running: list[Drip], at: datetime, policy: EquivalentPolicy
) -> Part:
    rates = [_rate(drip, at, policy) for drip in running]
    together = sum if policy.same_drug == "sum" else max
    low = float(together(rate.low for rate in rates))
    high = float(together(rate.high for rate in rates))
    factor = policy.formula.factors.get(drug)
    if factor is None:
        dose = Interval(0.0, inf if high > 0 else 0.0)
    else:
        dose = Interval(low * factor, high * factor)
    evidence = tuple(drip.evidence for drip in running)
    return Part(drug, Interval(low, high), dose, evidence)


def _rate(drip: Drip, at: datetime, policy: EquivalentPolicy) -> Interval:
    """The rate as base; a drip gone quiet may have ended."""
    rate = drip.rate
    if rate is not None and drip.drug == "norepinephrine":
        rate = base_rate(rate, policy.norepinephrine_as)
    quiet = drip.end is None and at > drip.start + policy.stale_after
    low = 0.0 if rate is None or quiet else rate
    return Interval(low, inf if rate is None else rate)
