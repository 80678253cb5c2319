"""What SEP-1 severe sepsis and septic shock tell about themselves."""

from __future__ import annotations

from streams.clinical.definitions.sep1 import LIMITS
from streams.clinical.specification import Choice, Grade, Specification


_CHOICES = (
    Choice(
        argument="within",
        default="6 h",
        readings="6 h: infection, inflammation and organ within so long (comparison "
        "table in BMJ Quality & Safety)",
    ),
    Choice(
        argument="infection",
        default="either",
        readings=(
            "an entry that documents it (as tabulated); an antimicrobial with a culture, "
            "for records without such entries (ours, after Seymour 2016); either (ours)"
        ),
    ),
    Choice(
        argument="suspicion",
        default="as `suspected_infection`",
        readings="how antimicrobial and culture pair, see suspected_infection",
    ),
    Choice(
        argument="pressure_drop",
        default="highest_day",
        readings=(
            "from the highest of the 24 hours before (ours); from the reading before; not "
            "judged: the table names no reference (it takes a person)"
        ),
    ),
    Choice(
        argument="support_new_after",
        default="24 h",
        readings="how long without ventilation makes it new (ours)",
    ),
    Choice(
        argument="lactate_before, lactate_after",
        default="6 h; 3 h",
        readings="where shock's initial lactate is looked for, before and after time "
        "zero (general knowledge)",
    ),
    Choice(
        argument="low_readings",
        default="2",
        readings="how many low readings in a row persist, for shock (general knowledge)",
    ),
)


SEP1_SPEC = Specification(
    name="sep1",
    title="SEP-1 severe sepsis",
    version="bmjqs comparison table",
    grade=Grade.PARTIAL,
    grade_reason=(
        "Read in two secondary tables that compare definitions; the measure's own "
        "manual, its exclusions and its documentation rules were not read."
    ),
    rule=(
        "Documented suspected infection, at least two signs of inflammation "
        "(temperature above 38.3 or below 36.0 degrees Celsius, heart rate above 90, "
        "respiratory rate above 20, white cells above 12 or below 4 or more than 10 % "
        "bands) and at least one failing organ, all within six hours.\n\n"
        "Organs: systolic pressure below 90, mean below 65 or a drop by more than 40 "
        "mmHg; new invasive or non-invasive ventilation; creatinine above 2.0 mg/dL or "
        "urine below 0.5 mL/kg/h for two hours; bilirubin above 2.0 mg/dL; platelets "
        "below 100; INR above 1.5 or aPTT above 60 s; lactate above 2.0 mmol/L. Time "
        "zero is the last criterion met."
    ),
    sources=(
        "Comparison of sepsis definitions, BMJ Quality & Safety (highwire 156164)",
        "Seymour CW et al., JAMA 2016;315:762-774 (suspicion of infection)",
    ),
    inputs=(
        *("assessment:suspected_infection", "medication", "culture_collected"),
        *(f"measurement:{c}" for c in dict.fromkeys(r.concept for r in LIMITS)),
        *("measurement:weight", "fluid:urine", "respiratory_support", "location"),
    ),
    choices=_CHOICES,
    traps=(
        "Organs that fail from an old disease or a drug need a person to leave out.",
        "The infection may be known only when the antimicrobial follows the culture.",
    ),
)

SEP1_SHOCK_SPEC = Specification(
    name="sep1_shock",
    title="SEP-1 septic shock",
    version="bmjqs comparison table",
    grade=Grade.UNVERIFIED,
    grade_reason="From general knowledge: the reference document marks it so.",
    rule=(
        "Severe sepsis, and an initial lactate of at least 4 mmol/L, or systolic "
        "pressure below 90 or mean pressure below 65 mmHg that persists in the hour "
        "after 30 mL/kg of crystalloid. Unknown without a weight, fluids or pressures.\n\n"
        "Fluid counts from six hours before time zero until six hours after it, and the "
        "last weight charted by then (ours)."
    ),
    sources=SEP1_SPEC.sources,
    inputs=(*SEP1_SPEC.inputs, "fluid:crystalloid"),
    choices=_CHOICES,
    traps=("Crystalloid that was never charted leaves the answer unknown.",),
)
