"""What SOFA-2 tells about itself."""

from __future__ import annotations

from streams.clinical.scores.sofa2.policy import DELIRIUM_DRUGS, SEDATIVES
from streams.clinical.specification import Choice, Grade, Specification
from streams.vocabulary.drugs import drugs_of_class


_INFUSED = sorted(
    SEDATIVES
    | DELIRIUM_DRUGS & drugs_of_class("sedative")
    | drugs_of_class("vasopressor")
    | drugs_of_class("inotrope")
)

SPEC = Specification(
    name="sofa2",
    title="SOFA-2, Sequential Organ Failure Assessment of 2025",
    version="2025",
    grade=Grade.PARTIAL,
    grade_reason=(
        "The table and its footnotes a to q were read as clifpy restates them, not in "
        "JAMA itself; one public benchmark claims other bands for brain and liver."
    ),
    rule=(
        "The sum of the most points of each of six organs in 24 hours (a), 0 to 24.\n\n"
        "Brain: GCS 15 / 13-14 / 9-12 / 6-8 / 3-5; where the whole scale cannot be "
        "assessed its motor part 6 / 5 / 4 / 3 / 1-2 (d). Sedated: the last before it, "
        "none: 0 (c). Drug therapy for delirium: 1 at least (e).\n\n"
        "Respiratory: PaO2/FiO2 above 300 / to 300 / to 225 / to 150 / to 75 mmHg, or "
        "without one, and with SpO2 below 98 %, SpO2/FiO2 above 300 / to 300 / to 250 "
        "/ to 200 / to 120 (f); 3 and 4 with advanced support only (g), unless there "
        "is none to give (h). ECMO: 4 (i).\n\n"
        "Cardiovascular: MAP from 70 / below 70; norepinephrine and epinephrine up to "
        "0.2 or any other drug / up to 0.4, or up to 0.2 with another / above 0.4, or "
        "above 0.2 with another, or mechanical support (n). Infusions of an hour and "
        "more (j), norepinephrine as base (k); dopamine alone to 20 / to 40 / above 40 "
        "(l); without drugs to give MAP from 70 / 60 / 50 / 40 / below (m).\n\n"
        "Liver: bilirubin to 1.2 / 3.0 / 6.0 / 12.0 mg/dL / above (20.6 / 51.3 / 102.6 "
        "/ 205 umol/L).\n\n"
        "Kidney: creatinine to 1.2 / 2.0 / 3.5 mg/dL / above (110 / 170 / 300 umol/L); "
        "urine below 0.5 mL/kg/h for 6 h: 1, for 12 h: 2; below 0.3 for 24 h or none "
        "for 12 h: 3. Renal replacement, but for another reason (o), its days off (q), "
        "or its criteria (p): 4. The criteria: creatinine above 1.2 mg/dL or below 0.3 "
        "mL/kg/h for more than 6 h, and potassium from 6.0 mmol/L or pH to 7.20 with "
        "bicarbonate to 12 mmol/L.\n\n"
        "Haemostasis: platelets above 150 / to 150 / to 100 / to 80 / to 50.\n\n"
        "Not seen on the first day: 0 by policy; later: the last points are carried "
        "forward (b)."
    ),
    sources=(
        (
            "Ranzani OT et al., JAMA 2025, doi 10.1001/jama.2025.20516, as restated in "
            "clifpy utils/sofa2/sofa2.md"
        ),
        "clifpy 2.1.0, commit 39cabd6, Apache-2.0 (choices of the policy `clifpy`)",
    ),
    inputs=(
        "assessment:gcs_eye",
        "assessment:gcs_motor",
        "assessment:gcs_total",
        "assessment:gcs_verbal",
        "code_status",
        "condition",
        "fluid:gu_irrigant",
        "fluid:urine",
        *(f"infusion:{drug}" for drug in _INFUSED),
        "measurement:bicarbonate",
        "measurement:bilirubin_total",
        "measurement:blood_gas_specimen",
        "measurement:creatinine",
        "measurement:dbp",
        "measurement:fio2",
        "measurement:map",
        "measurement:o2_flow",
        "measurement:pao2",
        "measurement:ph_arterial",
        "measurement:ph_venous",
        "measurement:platelets",
        "measurement:potassium",
        "measurement:sbp",
        "measurement:spo2",
        "measurement:weight",
        "medication",
        "procedure",
        "respiratory_support",
    ),
    choices=(
        Choice(
            argument="units",
            default="as_sent",
            readings="as_sent (ours); conventional (clifpy); si: which column counts",
        ),
        Choice(
            argument="missing",
            default="unknown",
            readings="unknown (ours); normal: 0 points (footnote b, clifpy)",
        ),
        Choice(
            argument="carry",
            default="last_observation",
            readings="last_observation (footnote b); none",
        ),
        Choice(
            argument="window",
            default="half_open",
            readings="half_open (ours); closed: the boundary counts twice (clifpy)",
        ),
        Choice(
            argument="sedated",
            default="pre_sedation",
            readings=(
                "pre_sedation (footnote c); discarded (clifpy); as_charted (Phoenix); "
                "assume_normal (mimic-code, ricu); motor_only; unknown"
            ),
        ),
        Choice(
            argument="washout",
            default="0 h",
            readings="0 h; 12 h (clifpy): how long sedation counts after its end",
        ),
        Choice(
            argument="motor",
            default="when_unassessable",
            readings="when_unassessable (footnote d); always (clifpy)",
        ),
        Choice(
            argument="delirium",
            default="at_least_one",
            readings="at_least_one (footnote e); lifts_a_full_scale (clifpy)",
        ),
        Choice(
            argument="dexmedetomidine",
            default="both",
            readings="both (clifpy); sedation; delirium",
        ),
        Choice(
            argument="transient",
            default="ignored",
            readings="ignored (footnote g); counted (clifpy)",
        ),
        Choice(
            argument="without_support",
            default="at_most_two",
            readings="at_most_two; ratio_alone where a site has none (footnote h)",
        ),
        Choice(
            argument="support_ceiling",
            default="dni, dnr_dni, comfort_only",
            readings="code statuses that limit ventilation (footnote h); none (clifpy)",
        ),
        Choice(
            argument="pressor_gap",
            default="0 h",
            readings="the longest break that is none, as in a change of syringes",
        ),
        Choice(
            argument="norepinephrine",
            default="base",
            readings=(
                "base; bitartrate_monohydrate (2 mg), bitartrate_anhydrous (1.89 mg), "
                "hydrochloride (1.22 mg) for 1 mg of base (footnote k)"
            ),
        ),
        Choice(
            argument="together",
            default="at_once",
            readings="at_once (footnote a); same_window (clifpy)",
        ),
        Choice(
            argument="dopamine",
            default="sole_drug",
            readings="sole_drug (clifpy); sole_vasopressor; always (never less points)",
        ),
        Choice(
            argument="vasoactives",
            default="available",
            readings="available; unavailable: the mean pressure alone (footnote m)",
        ),
        Choice(
            argument="vasoactive_ceiling",
            default="comfort_only",
            readings="code statuses that limit drugs (footnote m); none (clifpy)",
        ),
        Choice(
            argument="mechanical",
            default="ecmo_va, ecmo_vav, iabp, lvad, microaxial_pump",
            readings="those (footnote n); and rvad (clifpy)",
        ),
        Choice(
            argument="chronic_rrt",
            default="N18.6, Z99.2, 585.6, V45.11",
            readings='those ("includes chronic use"); none (clifpy)',
        ),
        Choice(
            argument="urine_gap",
            default="12 h",
            readings="the longest time between volumes that tells a rate (ours)",
        ),
        Choice(
            argument="rrt_off",
            default="48 h",
            readings="48 h before the window (clifpy: 3 days with that of treatment)",
        ),
        Choice(
            argument="oliguria",
            default="over_6h",
            readings="over_6h (footnote p); from_6h (clifpy)",
        ),
        Choice(
            argument="acidosis",
            default="ph_arterial",
            readings="ph_arterial (ours); arterial or venous (clifpy)",
        ),
        Choice(
            argument="urine_origin",
            default="not_known",
            readings="not_known (ours); window_start (clifpy) of the first volume",
        ),
        Choice(
            argument="liver_reach",
            default="0 h",
            readings=(
                "0 h (none in the paper); clifpy: liver and haemostasis 24 h, kidney "
                "12 h, respiratory 6 h"
            ),
        ),
    ),
    traps=(
        (
            "The columns of units are no conversions of each other: 108 umol/L of "
            "creatinine is 0 points, the 1.22 mg/dL it converts to is 1."
        ),
        (
            "A second drug can lower the score: dopamine of 50 alone is 4, with "
            "dobutamine 2 (any other drug). `dopamine = always` mends that."
        ),
        "A cut-off is of the worse band for lungs and platelets, else of the better.",
        "The criteria for replacement may be met by values of different hours.",
        "Without potassium and a gas nobody can say whether the criteria are met.",
        "A drug for delirium counts when a dose was given, not when it was ordered.",
        "ECMO must be told apart when it is sent: `ecmo_vv`, `ecmo_va`, or `ecmo`.",
    ),
)
