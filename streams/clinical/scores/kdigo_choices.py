"""What KDIGO's staging leaves open: every argument, and who reads it how."""

from __future__ import annotations

from streams.clinical.specification import Choice


_CREATININE = (
    Choice(
        argument="creatinine.codes",
        default="none",
        readings="none: what the adapter mapped (ours); MIMIC-IV item 50912 (mimic-code)",
    ),
    Choice(
        argument="creatinine.censored",
        default="interval",
        readings="interval: all that `<0.2` allows (ours); bound: as if measured (mimic-code)",
    ),
    Choice(
        argument="creatinine.implausible",
        default="leave_out",
        readings="leave_out (ours); count (mimic-code, up to 150 mg/dL)",
    ),
    Choice(
        argument="creatinine.before_record",
        default="look_back",
        readings="look_back (ours); cut_off: nothing from before the 7 days before the ICU stay (mimic-code)",
    ),
)

_URINE = (
    Choice(
        argument="urine.window",
        default="open",
        readings="open: charted after t - N h (ours); closed: at it too (mimic-code kdigo_uo.sql); hour_boundaries (mimic-code urine_output_rate.sql)",
    ),
    Choice(
        argument="urine.most_hours_of_six",
        default="12",
        readings="12: a 6-hour rate of 12 observed hours is none (mimic-code kdigo_uo.sql); none (mimic-code urine_output_rate.sql)",
    ),
    Choice(
        argument="urine.longest_gap",
        default="12 h",
        readings="12 h (ours): a volume charted so long after the one before only restarts the clock; none (mimic-code)",
    ),
    Choice(
        argument="urine.weight_reach",
        default="30 d",
        readings="how old a weight may be: ours",
    ),
    Choice(
        argument="urine.places",
        default="none",
        readings="none (ours); 4: rates rounded so before they are compared (mimic-code)",
    ),
    Choice(
        argument="urine.without_weight",
        default="anuria_only",
        readings="anuria_only: 0 mL are 0 mL/kg/h at any weight (ours); nothing (mimic-code)",
    ),
    Choice(
        argument="urine.negative",
        default="unknown",
        readings="more irrigant in than came out: unknown (ours); as_computed (mimic-code)",
    ),
    Choice(
        argument="urine.implausible",
        default="leave_out",
        readings="leave_out (ours); count (mimic-code)",
    ),
    Choice(
        argument="urine.codes",
        default="none",
        readings="none: what the adapter mapped (ours); the items of mimic-code",
    ),
)

_STAGE = (
    Choice(
        argument="first_six_hours",
        default="as_observed",
        readings="as_observed (ours); stage_0: no urine stage in the first 6 h of ICU (mimic-code)",
    ),
    Choice(
        argument="rrt_unseen",
        default="none",
        readings="none was given, as nobody charts its absence (ours, mimic-code); unknown",
    ),
    Choice(
        argument="rrt_reach",
        default="24 h",
        readings="24 h (ours): how long after its last sign replacement still counts",
    ),
    Choice(
        argument="scope",
        default="patient",
        readings="patient (ours); icu_stay (mimic-code)",
    ),
    Choice(
        argument="pick",
        default="latest",
        readings="latest of each input (ours); worst of the last hours (mimic-code aki_stage_smoothed)",
    ),
    Choice(
        argument="creatinine_reach",
        default="48 h",
        readings="48 h: KDIGO's short window, used so by us; 6 h (mimic-code's smoothing)",
    ),
    Choice(
        argument="urine_reach",
        default="6 h",
        readings="6 h (ours): how old the last charting may be",
    ),
    Choice(
        argument="smoothing",
        default="stay",
        readings="stay (ours); hours_since_each_intime: a patient's stays mixed (mimic-code partitions by patient)",
    ),
    Choice(
        argument="row_without_creatinine",
        default="no",
        readings="no (ours); yes: a stay without creatinine has a row of stage 0 (mimic-code)",
    ),
)

CHOICES = (
    Choice(
        argument="creatinine.baseline",
        default="lowest_7_days",
        readings=(
            "lowest_7_days (mimic-code); lowest_or_estimated (KDIGO 2012, ADQI: MDRD "
            "at 75); admission (mimic-code creatinine_baseline.sql, not final before "
            "discharge)"
        ),
    ),
    Choice(
        argument="creatinine.without_prior",
        default="unknown",
        readings="unknown (ours); stage_0 (mimic-code)",
    ),
    Choice(
        argument="creatinine.unit",
        default="mg/dL",
        readings="mg/dL; umol/L: KDIGO prints both tables",
    ),
    Choice(
        argument="creatinine.stage_3_rise",
        default="rise_of_0.3",
        readings="rise_of_0.3 (KDIGO 2012, mimic-code); from_at_most_3.7 (older)",
    ),
    Choice(
        argument="creatinine.arithmetic",
        default="exact",
        readings="exact (ours); double (mimic-code: 1.1 to 1.4 is no rise of 0.3)",
    ),
    Choice(
        argument="urine.first",
        default="starts_the_clock",
        readings=(
            "starts_the_clock (ours); one_hour (mimic-code kdigo_uo.sql); "
            "first_heart_rate (mimic-code urine_output_rate.sql)"
        ),
    ),
    Choice(
        argument="urine.weight",
        default="latest",
        readings="latest (ours); from, after (mimic-code weight_durations.sql)",
    ),
    Choice(
        argument="six_hour_gap",
        default="other_windows",
        readings="other_windows (ours); no_stage (mimic-code)",
    ),
    Choice(
        argument="rrt",
        default="any",
        readings="any (KDIGO 2012); charted_mode (mimic-code: CRRT alone)",
    ),
    *_CREATININE,
    *_URINE,
    *_STAGE,
)
"""In the order of the manual."""
