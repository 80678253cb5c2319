"""What KDIGO's staging leaves open, as named arguments, with the presets.

KDIGO Clinical Practice Guideline for Acute Kidney Injury, Kidney Int Suppl 2012;2:1-138
(chapter 2.1); `KDIGO_MIMIC` is mimic-code's `kdigo_creatinine.sql`, `kdigo_uo.sql` and
`kdigo_stages.sql` to the letter (MIT, github.com/MIT-LCP/mimic-code, commit 8bcbd190).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal


_CREATININE = frozenset({"urn:ember:local|mimic-iv:50912"})
_CHARTED = frozenset(
    f"urn:ember:local|mimic-iv:{item}"
    for item in (
        *(220045, 226512, 224639, 227290),
        *(226559, 226560, 226561, 226584, 226563, 226564, 226565),
        *(226567, 226557, 226558, 227488, 227489),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatininePolicy:
    """How a creatinine is staged."""

    baseline: Literal["lowest_7_days", "lowest_or_estimated", "admission"] = (
        "lowest_7_days"
    )
    """What the ratio is taken to.

    `lowest_7_days`: the lowest of the 7 days before, this one left out (mimic-code).
    `lowest_or_estimated`: the same; without one, back-calculated by MDRD at an eGFR of
    75 mL/min/1.73 m² (KDIGO 2012, ADQI), for adults.
    `admission`: mimic-code `creatinine_baseline.sql`: the lowest of the hospital stay
    so far where it is at most 1.1 mg/dL or chronic kidney disease is on record,
    otherwise MDRD at 75.  It may still change until discharge.
    """

    without_prior: Literal["stage_0", "unknown"] = "unknown"
    """A creatinine with nothing to hold it against: stage 0 (mimic-code), or bounds."""

    unit: Literal["mg/dL", "umol/L"] = "mg/dL"
    """Whose thresholds: +0.3 and 4.0 mg/dL, or +26.5 and 353.6 µmol/L.

    Both are published; they are not each other's conversion to the last digit.
    """

    stage_3_rise: Literal["rise_of_0.3", "from_at_most_3.7"] = "rise_of_0.3"
    """What must come with 4.0 mg/dL, unless it is 1.5 times the baseline: a rise of 0.3
    within 48 hours (KDIGO 2012; mimic-code), or a low of at most 3.7 (mimic-code before
    it mended that: 4.5 to 5.5 was stage 1)."""

    arithmetic: Literal["exact", "double"] = "exact"
    """`double`: 1.1 + 0.3 is more than 1.4, so that rise is missed (mimic-code)."""

    codes: frozenset[str] | None = None
    """Source codes that count; None: whatever the adapter mapped to the concept."""

    censored: Literal["bound", "interval"] = "interval"
    """`<0.2`: the number as if measured (mimic-code), or all values it allows."""

    implausible: Literal["count", "leave_out"] = "leave_out"
    """What is flagged as implausible; more than 150 mg/dL never counts (mimic-code)."""

    before_record: Literal["look_back", "cut_off"] = "look_back"
    """In rows of an ICU stay: what was measured earlier than 7 days before it still
    serves as reference for what came after, or does not (mimic-code)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrinePolicy:
    """How a rate of urine is told from charted volumes."""

    first: Literal["starts_the_clock", "one_hour", "first_heart_rate"] = (
        "starts_the_clock"
    )
    """How long the first charted volume was collected: nobody knows, so that it only
    starts the clock; one hour (mimic-code `kdigo_uo.sql`); since the first heart rate
    (mimic-code `urine_output_rate.sql`)."""

    window: Literal["open", "closed", "hour_boundaries"] = "open"
    """Which volumes belong to the last N hours.

    `open`: charted after `t - N h`.  `closed`: at or after it (`kdigo_uo.sql`).
    `hour_boundaries`: with fewer than N full hours of the clock crossed; for 24 hours,
    charted at or after `t - 23 h`; collection times in whole minutes crossed
    (`urine_output_rate.sql`).
    """

    most_hours_of_six: float | None = 12.0
    """A 6-hour rate observed for so long or longer is none (`kdigo_uo.sql`)."""

    longest_gap: timedelta | None = timedelta(hours=12)
    """A volume charted so long or longer after the one before was not collected all the
    time: it only restarts the clock (ours); None: it was (mimic-code)."""

    weight: Literal["latest", "from", "after"] = "latest"
    """Body weight at `t`.

    `latest`: the last one charted within `weight_reach`.
    `from`, `after`: by mimic-code's `weight_durations.sql`, in the span with
    `start <= t < end` (`kdigo_uo.sql`) or `start < t <= end` (`urine_output_rate.sql`).
    """

    weight_reach: timedelta = timedelta(days=30)
    """How old a weight may be; ours."""

    places: int | None = None
    """Rates are rounded to so many decimals before they are compared (mimic-code: 4)."""

    without_weight: Literal["anuria_only", "nothing"] = "anuria_only"
    """0 mL are 0 mL/kg/h for any weight, or no rate at all (mimic-code)."""

    negative: Literal["unknown", "as_computed"] = "unknown"
    """More irrigant in than came out: no rate, or a rate below 0 (mimic-code)."""

    implausible: Literal["count", "leave_out"] = "leave_out"
    """What is flagged as implausible."""

    codes: frozenset[str] | None = None
    """Source codes that count; None: whatever the adapter mapped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KdigoPolicy:
    """One reading of KDIGO's stages."""

    name: str

    creatinine: CreatininePolicy = field(default_factory=CreatininePolicy)
    urine: UrinePolicy = field(default_factory=UrinePolicy)

    six_hour_gap: Literal["other_windows", "no_stage"] = "other_windows"
    """Without a 6-hour rate: the 12- and 24-hour rates stage on their own, or the urine
    has no stage at all (mimic-code: after a charting gap of 12 hours)."""

    first_six_hours: Literal["as_observed", "stage_0"] = "as_observed"
    """Rates of the first six hours in the ICU: as far as they were observed, or stage 0
    (mimic-code)."""

    rrt: Literal["any", "charted_mode"] = "any"
    """What shows renal replacement: any of it on record, running or within `rrt_reach`,
    or a mode of continuous replacement charted at that moment (mimic-code)."""

    rrt_unseen: Literal["none", "unknown"] = "none"
    """No sign of renal replacement: none was given, as nobody charts its absence (ours;
    mimic-code), or nobody knows."""

    rrt_reach: timedelta = timedelta(hours=24)
    """How long after its last sign renal replacement still counts; ours."""

    scope: Literal["patient", "icu_stay"] = "patient"
    """Whose facts the stage at a moment sees."""

    pick: Literal["latest", "worst"] = "latest"
    """Which readings make the stage at a moment: the last of each input, or the worst
    of the last hours (mimic-code `aki_stage_smoothed`)."""

    creatinine_reach: timedelta = timedelta(hours=48)
    """How old a creatinine may be to stage this moment: KDIGO's own short window; the
    use of it here is ours."""

    urine_reach: timedelta = timedelta(hours=6)
    """How old the last charting of urine may be; ours."""

    smoothing: Literal["stay", "hours_since_each_intime"] = "stay"
    """In rows: the worst of the last 6 hours of the stay, or of all rows of the patient
    whose time *since the beginning of their own ICU stay* lies within 6 hours, so that
    one stay's stage shows in another's rows (mimic-code partitions by patient)."""

    row_without_creatinine: bool = False
    """Whether an ICU stay without any creatinine has a row without a time and of stage
    0 (mimic-code)."""


KDIGO = KdigoPolicy(name="ember")
"""Our default."""

KDIGO_MIMIC = KdigoPolicy(
    name="mimic",
    creatinine=CreatininePolicy(
        without_prior="stage_0",
        arithmetic="double",
        codes=_CREATININE,
        censored="bound",
        implausible="count",
        before_record="cut_off",
    ),
    urine=UrinePolicy(
        first="one_hour",
        window="closed",
        longest_gap=None,
        weight="from",
        places=4,
        without_weight="nothing",
        negative="as_computed",
        implausible="count",
        codes=_CHARTED,
    ),
    six_hour_gap="no_stage",
    first_six_hours="stage_0",
    rrt="charted_mode",
    scope="icu_stay",
    pick="worst",
    creatinine_reach=timedelta(hours=6),
    urine_reach=timedelta(hours=6),
    smoothing="hours_since_each_intime",
    row_without_creatinine=True,
)
"""mimic-code, cell for cell."""

URINE_OUTPUT_RATE = UrinePolicy(
    first="first_heart_rate",
    window="hour_boundaries",
    most_hours_of_six=None,
    longest_gap=None,
    weight="after",
    places=4,
    without_weight="nothing",
    negative="as_computed",
    implausible="count",
    codes=_CHARTED,
)
"""mimic-code's other reading of the same volumes, `urine_output_rate.sql`."""

KDIGO_POLICIES = {policy.name: policy for policy in (KDIGO_MIMIC, KDIGO)}
