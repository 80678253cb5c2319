"""Septic shock as different authors and trials read it.

The task force's words (Singer M et al., JAMA 2016;315:801-810; Shankar-Hari M et al.,
JAMA 2016;315:775-787) leave open how far apart lactate and vasopressor may be and how
much fluid is adequate.
mimic-code has no table of septic shock (issues 576 and 950), so there is no published
code to be equal to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from streams.clinical.definitions.policies import EMBER, Sepsis3Policy
from streams.clinical.definitions.resuscitation import FluidRule
from streams.vocabulary.clock import DAY, HOUR


_PER_KG = FluidRule(operator=">=", amount=30, unit="mL/kg", within=DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockPolicy:
    """One reading of septic shock."""

    name: str
    source: str

    basis: Literal["sepsis3", "suspected_infection"] = "sepsis3"
    """What there must be beside shock: Sepsis-3 (Singer 2016), or infection only
    (CLASSIC, REDUCE)."""

    sepsis: Sepsis3Policy = EMBER
    """How sepsis, or suspicion alone, is told; its `before` is how long before
    suspicion lactate and vasopressor begin to count."""

    lactate_operator: Literal[">", ">="] = ">"
    """`>`: Singer 2016. `>=`: CLASSIC, REDUCE, the CDC-style shock of Rhee."""

    lactate: float = 2.0
    """mmol/L."""

    lactate_before: timedelta = DAY
    """How old a lactate may be while the vasopressor runs (ours; CLASSIC 3 h, REDUCE
    6 h)."""

    lactate_after: timedelta = DAY
    """How long after the vasopressor stopped a lactate still belongs to it; none in
    trials, which ask for a running vasopressor."""

    classes: frozenset[str] = frozenset({"vasopressor"})
    """Drug classes of `drugs.csv` that count; CLASSIC takes inotropes too."""

    lasting: timedelta = timedelta(0)
    """For how long the vasopressor must have run without a break (VITAMINS: 2 h)."""

    uncharted: Literal["unknown", "not_running"] = "unknown"
    """A record without any vasopressor: nobody knows, or (where infusions are known to
    be charted) none ran."""

    pressure: Literal["taken_for_granted", "seen_low"] = "taken_for_granted"
    """That it was needed for a mean pressure of 65 mmHg: as its giver judged, or a
    value below 65 in the 24 hours before onset."""

    fluid: FluidRule = _PER_KG
    """Adequate fluid (ours, after Surviving Sepsis; TIGRIS the same)."""

    fluid_is: Literal["reported", "required"] = "reported"
    """Beside the verdict, or part of it."""

    implausible: Literal["counts", "left_out"] = "counts"
    """Lactate and pressure flagged as implausible: the sickest have such values."""

    onset: Literal["later_of_two", "not_before_sepsis"] = "later_of_two"
    """Of lactate and vasopressor the later; or no earlier than sepsis either."""


SEPSIS3_SHOCK = ShockPolicy(
    name="sepsis3",
    source="Singer 2016, JAMA 315:801; windows ours",
)

SEPSIS3_AFTER_FLUID = ShockPolicy(
    name="sepsis3_after_fluid",
    source="Singer 2016, JAMA 315:801, to the letter; windows ours",
    fluid_is="required",
)

RHEE = ShockPolicy(
    name="rhee",
    source="CDC-style shock as Rhee reads it: lactate >= 2.0; windows ours",
    basis="suspected_infection",
    lactate_operator=">=",
)

_ANY_FLUID = frozenset({"crystalloid", "colloid"})

CLASSIC = ShockPolicy(
    name="classic",
    source="NCT03668236, as registered",
    basis="suspected_infection",
    lactate_operator=">=",
    lactate_before=3 * HOUR,
    lactate_after=timedelta(0),
    classes=frozenset({"vasopressor", "inotrope"}),
    fluid=FluidRule(
        operator=">=", amount=1000, unit="mL", within=DAY, substances=_ANY_FLUID
    ),
    fluid_is="required",
)

REDUCE = ShockPolicy(
    name="reduce",
    source="NCT04931485, as registered",
    basis="suspected_infection",
    lactate_operator=">=",
    lactate_before=6 * HOUR,
    lactate_after=timedelta(0),
)

REDUSE = ShockPolicy(
    name="reduse",
    source="NCT06140147, as registered; age of lactate ours",
    basis="suspected_infection",
    lactate_after=timedelta(0),
    fluid=FluidRule(
        operator=">", amount=1000, unit="mL", within=12 * HOUR, substances=_ANY_FLUID
    ),
    fluid_is="required",
)

HYVITS = ShockPolicy(
    name="hyvits",
    source="NCT03380507, as registered: after volume, of which no amount is named",
    basis="suspected_infection",
    lactate_after=timedelta(0),
    fluid=FluidRule(
        operator=">", amount=0, unit="mL", within=DAY, substances=_ANY_FLUID
    ),
    fluid_is="required",
)

VITAMINS = ShockPolicy(
    name="vitamins",
    source="NCT03333278, list incomplete",
    basis="suspected_infection",
    lactate_after=timedelta(0),
    lasting=2 * HOUR,
    fluid=FluidRule(
        operator=">", amount=0, unit="mL", within=DAY, substances=_ANY_FLUID
    ),
    fluid_is="required",
)

SHOCK_POLICIES = {
    policy.name: policy
    for policy in (
        *(SEPSIS3_SHOCK, SEPSIS3_AFTER_FLUID, RHEE),
        *(CLASSIC, REDUCE, REDUSE, HYVITS, VITAMINS),
    )
}
