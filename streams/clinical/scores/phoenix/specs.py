"""What Phoenix and Phoenix-8 tell about themselves."""

from __future__ import annotations

from streams.clinical.scores.bedside_choices import (
    CENSORED,
    COUNTS,
    IMPLAUSIBLE,
    PER_MOMENT,
)
from streams.clinical.scores.phoenix.points import VASOACTIVES
from streams.clinical.specification import Choice, Grade, Specification


_SOURCES = (
    "Schlapbach LJ et al., JAMA 2024;331:665-674, doi 10.1001/jama.2024.0179",
    (
        "Sanchez-Pinto LN, Bennett TD, DeWitt PE, Russell S et al., JAMA 2024;331:675-686, "
        "doi 10.1001/jama.2024.0196"
    ),
    (
        "phoenix-sepsis 1.1.3 (PyPI) and the R package phoenix, CU-DBMI-Peds/phoenix, MIT, "
        "by the same authors: rubric, code, EHR implementation notes (commit 1af8031)"
    ),
)

_INPUTS = (
    "measurement:age",
    "demographics",
    "measurement:pao2",
    "measurement:spo2",
    "measurement:fio2",
    "measurement:blood_gas_specimen",
    "respiratory_support",
    *(f"infusion:{drug}" for drug in VASOACTIVES),
    "infusion:",
    "measurement:lactate",
    "measurement:map",
    "measurement:sbp",
    "measurement:dbp",
    "measurement:platelets",
    "measurement:inr",
    "measurement:d_dimer_feu",
    "measurement:fibrinogen",
    "assessment:gcs_total",
    "assessment:gcs_eye",
    "assessment:gcs_verbal",
    "assessment:gcs_motor",
    "assessment:pupils_fixed",
    "assessment:pupil_left_fixed",
    "assessment:pupil_right_fixed",
)

_CHOICES = (
    Choice(
        argument="missing",
        default="unknown",
        readings="unknown, with bounds (ours); normal, 0 points (the derivation, package)",
    ),
    Choice(
        argument="pick",
        default="latest",
        readings="latest that is not too old (the authors' notes); worst of that time",
    ),
    Choice(
        argument="ratios",
        default="either",
        readings=(
            "either, the worse (rubric); pf_first (option of the authors' later R "
            "package)"
        ),
    ),
    Choice(
        argument="spo2",
        default="through_97",
        readings=(
            "through_97 (rubric); below_97 (a line of the R help); any (the package "
            "checks nothing, nor does its own four-organ example)"
        ),
    ),
    Choice(
        argument="newer_fio2",
        default="void",
        readings="void: no ratio until the next measurement (notes); keep (ours)",
    ),
    Choice(
        argument="room_air",
        default="unknown",
        readings=(
            "unknown (ours); no_support (the package's example: fio2 > 0.21 is support)"
        ),
    ),
    Choice(
        argument="pressure",
        default="arterial_first",
        readings="arterial_first: line, its estimate, cuff, its estimate (notes); latest",
    ),
    Choice(
        argument="without_infusions",
        default="if_charted",
        readings="if_charted: none is given where the record holds an infusion of any drug, else nobody can say (ours); none is given (notes, package); unknown",
    ),
    Choice(
        argument="sedation",
        default="as `gcs_sedation`, but gcs_sedation = as_charted, parts.gcs_carry = 12 h",
        readings="as_charted (rubric, footnote h); others, see gcs_sedation",
    ),
    Choice(
        argument="without_age",
        default="any_age",
        readings=(
            "any_age: what holds at each (ours); unscored (R from commit "
            "247329e); newborn_creatinine (phoenix-sepsis 1.1.3)"
        ),
    ),
    Choice(
        argument="eighteenth_birthday",
        default="too_old",
        readings="too_old (rubric: age < 216 months); child (phoenix-sepsis: <= 216)",
    ),
    Choice(
        argument="gcs_within",
        default="12 h",
        readings="12 h (notes); 6 h (later R code)",
    ),
    Choice(
        argument="pupils_within",
        default="6 h",
        readings="6 h (notes); 12 h (later R code)",
    ),
    Choice(
        argument="vitals_within",
        default="6 h",
        readings="6 h (notes): PaO2, SpO2, FiO2, support, pressure",
    ),
    Choice(
        argument="lactate_within",
        default="6 h",
        readings="6 h (notes)",
    ),
    Choice(
        argument="vasoactives_within",
        default="12 h",
        readings="12 h (notes), where the worst is picked; else what runs now",
    ),
    Choice(
        argument="coagulation_within",
        default="24 h",
        readings="24 h (notes)",
    ),
    Choice(
        argument="glucose_within",
        default="12 h",
        readings="12 h (notes); Phoenix-8 alone reads it",
    ),
    Choice(
        argument="chemistry_within",
        default="24 h",
        readings="24 h (notes); cells, creatinine, bilirubin and ALT of Phoenix-8",
    ),
    Choice(
        argument="arterial",
        default="ART, ART., arterial",
        readings="names of arterial blood (ours; ART. in MIMIC-IV)",
    ),
    Choice(
        argument="ventilated",
        default="invasive",
        readings="what is invasive mechanical ventilation: the category of the adapter (ours)",
    ),
    Choice(
        argument="supported",
        default="cpap, hfnc, niv, other, oxygen, tracheostomy",
        readings="other support: oxygen, high flow, non-invasive pressure (R package); a tracheostomy without a ventilator (ours)",
    ),
    IMPLAUSIBLE,
    CENSORED,
    COUNTS,
    PER_MOMENT,
)

_TRAPS = (
    (
        "FiO2 above 0.2 up to 1 under the unit % is a fraction under a wrong unit, and is "
        "read as one; from above 1 to below 20 nobody can say what is meant, and the "
        "number does not count."
    ),
    (
        "The printed table has whole mmHg (>30 is 0 points below one month) and lactate "
        "5-10.9; the software, and we, read real values: 30.5 mmHg and 10.95 mmol/L are one "
        "point."
    ),
    (
        "The package wants cell counts in 1000/mm3, its rubric prints cells/mm3; before "
        "1.1.2 its immunologic limits were wrong."
    ),
    (
        "The package never looks at SpO2, age limits of the population or units: the caller "
        "must."
    ),
    (
        "An FiO2 charted a minute after the saturation leaves no S/F until the next "
        "saturation, even if it is the same FiO2 (notes); `newer_fio2 = keep` differs."
    ),
    "D-dimer counts in FEU only; a result in D-dimer units is no D-dimer here.",
    "Only infusions count as vasoactives: no bolus, nebuliser or injector pen.",
    "A source that tells of no infusion cannot tell that no vasoactive ran.",
    (
        "Ventilation for an operation should not count (notes); nothing in a chart tells "
        "that apart, and we do not."
    ),
    "Age is not corrected for prematurity.",
    "With a year of birth alone, two or three bands of age are possible.",
)

PHOENIX_SPEC = Specification(
    name="phoenix",
    title="Phoenix Sepsis Score",
    version="2024",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Points are equal to the authors' package (phoenix-sepsis 1.1.3) on its own data "
        "and on 10,000 generated patients; how old a value may be is from their notes."
    ),
    rule=(
        "Respiratory, 0 to 3: PaO2/FiO2 below 400 or SpO2/FiO2 below 292 under any "
        "support, 1; below 200 or 220 under invasive ventilation, 2; below 100 or 148 "
        "under invasive ventilation, 3. SpO2/FiO2 only of an SpO2 up to 97 %.\n\n"
        "Cardiovascular, 0 to 6, the sum of: vasoactive drugs (one, 1; two or more, 2); "
        "lactate (from 5 mmol/L, 1; from 11, 2); mean arterial pressure by age.\n\n"
        "Coagulation, 0 to 2, one each and at most two: platelets below 100, INR above "
        "1.3, D-dimer above 2 mg/L FEU, fibrinogen below 100 mg/dL.\n\n"
        "Neurologic, 0 to 2: Glasgow coma scale of 10 or less, 1; both pupils fixed, 2.\n\n"
        "Of each input the last value counts, for 6 hours (gases, saturation, support, "
        "pressure, lactate, pupils), 12 (coma scale) or 24 (coagulation)."
    ),
    sources=_SOURCES,
    inputs=_INPUTS,
    choices=_CHOICES,
    traps=_TRAPS,
)

PHOENIX8_SPEC = Specification(
    name="phoenix8",
    title="Phoenix-8",
    version="2024",
    grade=Grade.VERIFIED,
    grade_reason=PHOENIX_SPEC.grade_reason,
    rule=(
        "Phoenix, and one point for each of four organs more: glucose below 50 or above "
        "150 mg/dL; neutrophils below 0.5 or lymphocytes below 1.0 10*3/uL; creatinine "
        "by age; total bilirubin from 4 mg/dL or alanine aminotransferase above 102 U/L. "
        "For research; sepsis is told by the four organs alone.\n\n"
        "Glucose counts for 12 hours, the others for 24."
    ),
    sources=_SOURCES,
    inputs=(
        *_INPUTS,
        "measurement:glucose",
        "measurement:neutrophils_abs",
        "measurement:lymphocytes_abs",
        "measurement:creatinine",
        "measurement:bilirubin_total",
        "measurement:alt",
    ),
    choices=_CHOICES,
    traps=_TRAPS,
)
