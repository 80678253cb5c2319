"""Outcomes as a protocol names them: a name, or a rule with its choices written out.

A name stands for a rule of this page with fixed choices, so that one code path derives
both; a change of meaning raises the version of the rule's kind.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from streams.vocabulary.document import Document, Named
from streams.vocabulary.kinds.fitting import expect_drugs, refuse
from streams.vocabulary.quantities import Duration


Days = Annotated[int, Field(ge=1, le=365)]
"""A number of days from t0, the first randomisation."""

Support = Literal[
    "invasive_ventilation",
    "noninvasive_ventilation",
    "high_flow_oxygen",
    "vasopressors",
    "inotropes",
    "renal_replacement",
    "icu",
    "hospital",
]
"""What a patient can be free of; the last two are places."""


class Mortality(Document):
    """Death at any place within so many days; 1 dead, 0 alive."""

    kind: Literal["mortality"] = "mortality"
    id: Named
    """Its name in the trial's outcomes."""
    within: Days
    """Until the end of that day."""
    days: Literal["elapsed", "calendar"] = "elapsed"
    """`elapsed`: 24 hours each, from t0. `calendar`: until the midnight that ends the
    day so many days after the day of t0, by the hospital's clock; the two differ."""


class HospitalMortality(Document):
    """Death before the end of the acute hospital stay, capped at day 90."""

    kind: Literal["hospital_mortality"] = "hospital_mortality"
    id: Named
    """Its name in the trial's outcomes."""


class SupportFreeDays(Document):
    """Days alive and free of support: one rule for all of them."""

    kind: Literal["support_free_days"] = "support_free_days"
    id: Named
    """Its name in the trial's outcomes."""
    horizon: Days
    """Of how many days from t0."""
    supports: tuple[Support, ...] = Field(min_length=1)
    """Free of what; any of these is support."""
    where: Literal["anywhere", "icu"] = "anywhere"
    """`icu`: support outside an intensive care unit does not count."""
    deaths: Literal["by_horizon", "in_hospital"] = "by_horizon"
    """Which deaths decide: by the horizon, or in the acute stay (capped at day 90)."""
    if_dead: Literal["minus_one", "zero", "days_lost"] = "zero"
    """What a death makes of the value: -1, 0, or the days after it are lost."""
    lost: Literal["until_last_liberation", "under_support"] = "until_last_liberation"
    """Which days are lost: all until the last support ended, those between two
    supports among them; or those under support alone."""
    liberation: Duration = Field(default="48 h", validate_default=True)
    """Support that comes back sooner had not ended."""
    count: Literal["whole", "exact"] = "whole"
    """`whole`: a day of 24 hours from t0 with any support in it is lost.
    `exact`: the time itself is lost, in days."""
    home_ventilation: Literal["goes_on", "ends_with_stay", "unknown"] = "goes_on"
    """Of who leaves hospital on support of breathing: it goes on until the next word,
    it ends with the stay, or nobody knows."""
    high_flow_l_min: Annotated[float, Field(ge=0)] = 30
    """High-flow oxygen counts from this flow, in L/min."""
    high_flow_fio2: Annotated[float, Field(ge=21, le=100)] = 40
    """High-flow oxygen counts from this inspired fraction, in %."""

    @model_validator(mode="after")
    def _loses_days_one_by_one(self) -> SupportFreeDays:
        if self.if_dead == "days_lost" and self.lost != "under_support":
            raise refuse("`if_dead: days_lost` goes with `lost: under_support`")
        return self


class KidneyEvents(Document):
    """Death, new renal replacement, or creatinine twice its baseline at the end.

    1 any of them, 0 none.
    """

    kind: Literal["kidney_events"] = "kidney_events"
    id: Named
    """Its name in the trial's outcomes."""
    within: Days = 30
    """Until the end of that day."""
    baseline: Literal["measured", "measured_or_estimated"] = "measured_or_estimated"
    """Where no creatinine was measured before t0: UNKNOWN, or the one that gives an
    eGFR of 75 by age and sex."""


class SofaChange(Document):
    """SOFA of the 24 hours that end with a day, less that of the 24 hours up to t0."""

    kind: Literal["sofa_change"] = "sofa_change"
    id: Named
    """Its name in the trial's outcomes."""
    day: Days
    """At the end of which day."""
    if_dead: Literal["missing", "worst"] = "missing"
    """Who died before: no value, or 24 points."""
    unseen: Literal["unknown", "normal"] = "unknown"
    """What was not seen in 24 hours: no value; or no points, as mimic-code has it."""


class SecondaryInfectionOutcome(Document):
    """A new infection from 48 hours after t0, in this hospital; 1 yes, 0 no."""

    kind: Literal["secondary_infection"] = "secondary_infection"
    id: Named
    """Its name in the trial's outcomes."""
    within: Days = 28
    """Until the end of that day."""


class Expected(Document):
    """On how many days an arm is to receive a treatment."""

    arm: Named
    """The arm, by its id."""
    at_least: Annotated[int, Field(ge=0)] = 0
    """On so many days or more."""
    at_most: Annotated[int, Field(ge=0)] | None = None
    """On no more than so many."""

    def holds(self, days: float) -> bool:
        """Whether so many days are what the arm expects."""
        return self.at_least <= days and (self.at_most is None or days <= self.at_most)


class TreatmentReceived(Document):
    """On how many days of 24 hours from t0 any of these drugs was given.

    It tells what was received, and never what was allocated.
    """

    kind: Literal["treatment_received"] = "treatment_received"
    id: Named
    """Its name in the trial's outcomes."""
    drugs: tuple[str, ...] = Field(min_length=1)
    """Names or classes of the drug table."""
    within: Days
    """Of how many days from t0."""
    domain: Named | None = None
    """The domain whose arms differ in it; open-label, or nothing is compared."""
    expected: tuple[Expected, ...] = ()
    """What each arm of that domain is to receive; for whoever may see arms."""

    @model_validator(mode="after")
    def _fits(self) -> TreatmentReceived:
        expect_drugs(self.drugs)
        if (self.domain is None) is not (not self.expected):
            raise refuse(f"{self.id}: `domain` and `expected` go together")
        return self


OutcomeRule = (
    Mortality
    | HospitalMortality
    | SupportFreeDays
    | KidneyEvents
    | SofaChange
    | SecondaryInfectionOutcome
    | TreatmentReceived
)
WrittenOut = Annotated[OutcomeRule, Field(discriminator="kind")]
"""A rule with its own name and choices."""

OutcomeName = Literal[
    "mortality_28d",
    "mortality_90d",
    "in_hospital_mortality",
    "organ_support_free_days",
    "ventilator_free_days_28",
    "vasopressor_free_days_28",
    "rrt_free_days_28",
    "icu_free_days_28",
    "hospital_free_days_28",
    "daoh_90",
    "make_30",
    "make_90",
    "secondary_infection_28d",
]
"""The outcomes that need no choice of the trial's own."""

_PRESSORS: tuple[Support, ...] = ("vasopressors", "inotropes")
_POSITIVE_PRESSURE: tuple[Support, ...] = (
    "invasive_ventilation",
    "noninvasive_ventilation",
)

NAMED: dict[OutcomeName, OutcomeRule] = {
    "mortality_28d": Mortality(id="mortality_28d", within=28),
    "mortality_90d": Mortality(id="mortality_90d", within=90),
    "in_hospital_mortality": HospitalMortality(id="in_hospital_mortality"),
    "organ_support_free_days": SupportFreeDays(
        id="organ_support_free_days",
        horizon=21,
        supports=(*_POSITIVE_PRESSURE, "high_flow_oxygen", *_PRESSORS),
        where="icu",
        deaths="in_hospital",
        if_dead="minus_one",
        home_ventilation="ends_with_stay",
    ),
    "ventilator_free_days_28": SupportFreeDays(
        id="ventilator_free_days_28", horizon=28, supports=("invasive_ventilation",)
    ),
    "vasopressor_free_days_28": SupportFreeDays(
        id="vasopressor_free_days_28", horizon=28, supports=("vasopressors",)
    ),
    "rrt_free_days_28": SupportFreeDays(
        id="rrt_free_days_28", horizon=28, supports=("renal_replacement",)
    ),
    "icu_free_days_28": SupportFreeDays(
        id="icu_free_days_28", horizon=28, supports=("icu",), lost="under_support"
    ),
    "hospital_free_days_28": SupportFreeDays(
        id="hospital_free_days_28",
        horizon=28,
        supports=("hospital",),
        lost="under_support",
    ),
    "daoh_90": SupportFreeDays(
        id="daoh_90",
        horizon=90,
        supports=("hospital",),
        if_dead="days_lost",
        lost="under_support",
        count="exact",
    ),
    "make_30": KidneyEvents(id="make_30", within=30),
    "make_90": KidneyEvents(id="make_90", within=90),
    "secondary_infection_28d": SecondaryInfectionOutcome(id="secondary_infection_28d"),
}
"""What each name stands for."""


def rule_of(told: OutcomeName | OutcomeRule) -> OutcomeRule:
    """The rule that a name stands for, or the one written out."""
    return NAMED[told] if isinstance(told, str) else told


def name_of(told: OutcomeName | OutcomeRule) -> str:
    """What the outcome is called in the trial."""
    return told if isinstance(told, str) else told.id


_NOT_OF_THE_RULE = {"id", "kind", "domain", "expected"}
"""What a derived value does not depend on."""


def definition_of(rule: OutcomeRule) -> str:
    """The rule as canonical text: its kind, and each choice that is not the usual one."""
    chosen = rule.model_dump_json(exclude_defaults=True, exclude=_NOT_OF_THE_RULE)
    return f"{rule.kind} {chosen}"
