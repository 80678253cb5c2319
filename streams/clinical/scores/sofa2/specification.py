"""What SOFA-2 tells about itself."""

from __future__ import annotations

from streams.clinical.scores.sofa2.choices import CHOICES
from streams.clinical.scores.sofa2.policy import DELIRIUM_DRUGS, SEDATIVES
from streams.clinical.specification import Grade, Specification
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
    choices=CHOICES,
    traps=(
        (
            "FiO2 above 0.2 up to 1 under the unit % is a fraction under a wrong unit, and is "
            "read as one; from above 1 to below 20 nobody can say what is meant, and the "
            "number does not count."
        ),
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
