"""What SOFA-2 leaves open: every argument of its policy, and who reads it how.

Footnotes are those of the published table as clifpy restates them; `clifpy` is what
clifpy 2.1.0 does (commit 39cabd6, Apache-2.0).
"""

from __future__ import annotations

from streams.clinical.specification import Choice


_SEEN = (
    Choice(
        argument="liver_reach",
        default="0 h",
        readings="0 h (the paper has no such reach); 24 h before the window (clifpy)",
    ),
    Choice(
        argument="kidney_reach",
        default="0 h",
        readings="0 h (the paper has no such reach); 12 h before the window (clifpy)",
    ),
    Choice(
        argument="haemostasis_reach",
        default="0 h",
        readings="0 h (the paper has no such reach); 24 h before the window (clifpy)",
    ),
    Choice(
        argument="respiratory_reach",
        default="0 h",
        readings="0 h (the paper has no such reach); 6 h (clifpy; its table says 4 h)",
    ),
    Choice(
        argument="implausible",
        default="count",
        readings="count (ours: the sickest have such values); leave_out",
    ),
)

_BRAIN = (
    Choice(
        argument="sedatives",
        default="dexmedetomidine, fentanyl, hydromorphone, ketamine, lorazepam, "
        "midazolam, morphine, pentobarbital, propofol, remifentanil",
        readings="infusions that are sedation: this list is clifpy's, the footnote (c) "
        "names none",
    ),
    Choice(
        argument="pre_sedation_reach",
        default="none",
        readings="none: however long before (footnote c sets no limit); a time (ours, "
        "see gcs_sedation)",
    ),
    Choice(
        argument="gcs_carry",
        default="6 h",
        readings="6 h: mimic-code, ricu; the paper says nothing of parts charted apart",
    ),
    Choice(
        argument="delirium_drugs",
        default="dexmedetomidine, haloperidol, olanzapine, quetiapine, ziprasidone",
        readings="this list is clifpy's; footnote e points to the PADIS guideline",
    ),
)

_LUNGS = (
    Choice(
        argument="oxygenation",
        default="as `oxygenation`, but oxygen.flow = clifpy, spo2_highest = below 98",
        readings="SpO2 below 98 % (footnote f); flows of a cannula by clifpy's table; "
        "clifpy itself takes 0.50 above 6 L/min",
    ),
    Choice(
        argument="advanced",
        default="cpap, hfnc, invasive, niv",
        readings="support that opens 3 and 4 points (footnote g, clifpy)",
    ),
    Choice(
        argument="home_ventilation",
        default="Z9911, V4611",
        readings="long-term home ventilation is advanced support (footnote g); the codes "
        "are ours; none (clifpy)",
    ),
    Choice(
        argument="ecmo_respiratory",
        default="ecmo_vv",
        readings="ECMO for the lungs: 4 points there, none for the heart (footnote i)",
    ),
    Choice(
        argument="ecmo_unsaid",
        default="ecmo",
        readings="ECMO whose indication nobody told: 4 points for the lungs, and the "
        "heart may have 4 (ours)",
    ),
)

_HEART = (
    Choice(
        argument="pressure",
        default="as `mean_pressure`",
        readings="measured, else computed (ours, as phoenix); measured alone (clifpy)",
    ),
    Choice(
        argument="pressor_hour",
        default="1 h",
        readings="1 h: footnote j",
    ),
)

_KIDNEY = (
    Choice(
        argument="rrt",
        default="rrt, rrt_continuous, rrt_intermittent",
        readings="procedures that are renal replacement; filtration for another reason "
        "(footnote o) goes by another name (ours)",
    ),
    Choice(
        argument="rrt_with_off_days",
        default="rrt, rrt_intermittent",
        readings="intermittent replacement scores on its days off (footnote q); the "
        "continuous one too (clifpy)",
    ),
    Choice(
        argument="rrt_ended",
        default="rrt_ended",
        readings="what says that replacement was ended (footnote q); the name is ours",
    ),
    Choice(
        argument="weight_reach",
        default="365 d",
        readings="how old a weight may be: ours; the paper says nothing",
    ),
)

CHOICES = (
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
        default="comfort_only, dni, dnr_dni",
        readings="code statuses that limit ventilation (footnote h); none (clifpy)",
    ),
    Choice(
        argument="pressor_gap",
        default="0 h",
        readings=(
            "0 h: without a break (footnote j); the longest break that is none, "
            "as in a change of syringes (ours)"
        ),
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
        default="N186, Z992, 5856, V4511",
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
    *_SEEN,
    *_BRAIN,
    *_LUNGS,
    *_HEART,
    *_KIDNEY,
)
"""In the order of the manual."""
