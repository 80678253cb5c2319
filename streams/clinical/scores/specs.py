"""What SOFA (1996) tells about itself."""

from __future__ import annotations

from streams.clinical.specification import Choice, Grade, Specification


SOFA_SPEC = Specification(
    name="sofa",
    title="Sequential Organ Failure Assessment (1996)",
    version="1996",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Under policy `mimic` all 29 columns of the hourly table are equal to "
        "mimic-code's on the MIMIC-IV demo; the bands in umol/L are from general "
        "knowledge and in use only by the arguments `units=si` and `as_sent`."
    ),
    rule=(
        "Six organs of 0 to 4 points each, by the worst value of 24 hours: this hour "
        "and the 23 before it.\n\n"
        "Respiration by PaO2/FiO2 in mmHg: 1 point below 400, 2 below 300, with "
        "ventilatory support 3 below 200 and 4 below 100.  Coagulation by platelets in "
        "10*3/uL: below 150, 100, 50, 20.  Liver by bilirubin in mg/dL: from 1.2, 2.0, "
        "6.0, 12.0.  Cardiovascular: 1 for a mean pressure below 70 mmHg; 2 for "
        "dobutamine or dopamine up to 5 ug/kg/min; 3 for dopamine above 5, or "
        "epinephrine or norepinephrine (base) up to 0.1; 4 above 15 and 0.1.  Brain by "
        "the Glasgow coma scale: below 15, 13, 10, 6.  Kidney by creatinine in mg/dL: "
        "from 1.2, 2.0, 3.5, 5.0, or by urine: 3 below 500 mL a day, 4 below 200.\n\n"
        "Bands are half-open, so that no value lies between two of them.  An organ of "
        "which nothing was seen has no points; the bounds tell what it could be."
    ),
    sources=(
        "Vincent JL et al., Intensive Care Med 1996;22:707-710, doi 10.1007/BF01709751",
        "MIT-LCP/mimic-code sofa.sql, commit 8bcbd190, MIT",
        "ricu 0.6.3, commit c0efac7 (its documentation alone: GPL-3)",
    ),
    inputs=(
        *("measurement:platelets", "measurement:bilirubin_total"),
        *("measurement:creatinine", "measurement:map", "measurement:pao2"),
        *("measurement:blood_gas_specimen", "measurement:fio2"),
        *("measurement:o2_flow", "measurement:heart_rate", "respiratory_support"),
        *("fluid:urine", "fluid:gu_irrigant"),
        *("infusion:dopamine", "infusion:dobutamine"),
        *("infusion:epinephrine", "infusion:norepinephrine"),
        *("assessment:gcs_eye", "assessment:gcs_verbal", "assessment:gcs_motor"),
        *("assessment:gcs_total", "location"),
    ),
    choices=(
        Choice(
            argument="hours",
            default="encounter",
            readings="Clock hours of the hospital stay (ours), or of an `icu_stay` from "
            "its first to its last heart rate (mimic-code).",
        ),
        Choice(
            argument="codes",
            default="none",
            readings="Any code that was mapped to the concept, or mimic-code's items.",
        ),
        Choice(
            argument="missing",
            default="unknown",
            readings="An organ not seen: `unknown`, with bounds (ours); `normal`, "
            "0 points (mimic-code, ricu).",
        ),
        Choice(
            argument="censored",
            default="interval",
            readings="`>150` is all it allows (ours), or the number as if measured "
            "(`bound`, mimic-code).",
        ),
        Choice(
            argument="units",
            default="conventional",
            readings="Bands in mg/dL (mimic-code, ricu); `si`: in umol/L (unverified); "
            "`as_sent`: by the unit of the result.",
        ),
        Choice(
            argument="gcs",
            default="pre_sedation",
            readings="Under a tube: the last total before (SOFA-2); `assume_normal` "
            "(mimic-code, ricu); `as_charted` (Phoenix); `unknown`.",
        ),
        Choice(
            argument="untestable_verbal",
            default="1.0 ET/Trach, No Response-ETT, intubated",
            readings="The texts that tell of a tube; one in mimic-code.",
        ),
        Choice(
            argument="gcs_carry",
            default="6 h",
            readings="6 h: mimic-code, ricu.",
        ),
        Choice(
            argument="pre_sedation_reach",
            default="24 h",
            readings="How old the total before sedation may be: ours.",
        ),
        Choice(
            argument="ventilation",
            default="latest_status",
            readings="`latest_status` by the adapter's category (ours), or "
            "`charted_episodes` (mimic-code `ventilation.sql`).",
        ),
        Choice(
            argument="ventilated",
            default="invasive",
            readings="What counts as ventilatory support: invasive alone (mimic-code).",
        ),
        Choice(
            argument="ventilation_gap",
            default="14 h",
            readings="14 h: mimic-code.",
        ),
        Choice(
            argument="arterial",
            default="ART, ART., arterial",
            readings="The names of arterial blood; `ART.` in MIMIC-IV.",
        ),
        Choice(
            argument="fio2_reach",
            default="4 h",
            readings="4 h: mimic-code; 2 h: ricu.",
        ),
        Choice(
            argument="vasoactives",
            default="any_overlap",
            readings="A drip in any part of the hour (ours), or running at its end "
            "(`hour_end`, mimic-code).",
        ),
        Choice(
            argument="vasoactive_least",
            default="0 h",
            readings="How long a drug must have run to count: no time (mimic-code), "
            "1 h (the table of 1996 as ricu tells it).",
        ),
        Choice(
            argument="zero_rate",
            default="no_information",
            readings="A rate charted as 0: as if not running (ours); `normal` "
            "(mimic-code); `three_points` (clifpy `sofa.py`, mimic-code before).",
        ),
        Choice(
            argument="urine_hours",
            default="22, 30",
            readings="22 to 30 h: mimic-code; ricu asks for 12.",
        ),
        Choice(
            argument="urine_origin",
            default="first_void",
            readings="The first charting only starts the clock (ours), or urine is of "
            "the time since the `first_heart_rate` (mimic-code).",
        ),
        Choice(
            argument="urine_of_hour",
            default="lowest",
            readings="Of several in an hour the worst (ours), or the `highest` "
            "(mimic-code).",
        ),
    ),
    traps=(
        (
            "`pre_sedation` looks here at what is charted of the tube, and not at drips: "
            "a scale charted under a sedative counts as it stands, for the table of 1996 "
            "has no word of sedation (decision 10). `gcs_sedation` and SOFA-2 look at "
            "the drips."
        ),
        "A rate of 0 scores three points where the query says `rate <= 0.1`.",
        "A rate per minute without a weight is unknown, never 0.",
        (
            "FiO2 above 0.2 up to 1 under the unit % is a fraction under a wrong unit, and is "
            "read as one; from above 1 to below 20 nobody can say what is meant, and the "
            "number does not count."
        ),
        "PaO2/FiO2 of 68 without ventilation has 2 points, not 4.",
        (
            "Counting what is missing as normal hides organs: a ventilated patient with 0 "
            "points for respiration (mimic-code #1289)."
        ),
        "Norepinephrine charted as bitartrate doubles its dose.",
        "108 umol/L of creatinine has 1 point in mg/dL (1.22) and none in umol/L.",
    ),
)
