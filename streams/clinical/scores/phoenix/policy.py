"""What the Phoenix score leaves open, as named arguments.

How old a value may be is what the authors advise for records ("look back" in their EHR
implementation notes, CU-DBMI-Peds/phoenix, articles/ehr_implementation_notes.md,
commit 1af8031; MIT).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from streams.clinical.scores.bedside import BedsidePolicy
from streams.clinical.scores.gcs_sedation import SedationPolicy
from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.clock import DAY, HOUR


def _as_charted() -> SedationPolicy:
    """The score was derived in sedated and other children alike."""
    parts = SofaPolicy(gcs_carry=12 * HOUR)
    return SedationPolicy(gcs_sedation="as_charted", parts=parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoenixPolicy(BedsidePolicy):
    """One reading of Phoenix; `pick`, `missing` and the like are the bedside's."""

    vitals_within: timedelta = 6 * HOUR
    """PaO2, SpO2, FiO2, support of breathing, blood pressure (the notes: 6 h)."""

    lactate_within: timedelta = 6 * HOUR
    """The notes: 6 h."""

    vasoactives_within: timedelta = 12 * HOUR
    """How far back an infusion counts where the worst is picked (the notes: 12 h); else
    those that run now count."""

    coagulation_within: timedelta = DAY
    """The notes: 24 h."""

    gcs_within: timedelta = 12 * HOUR
    """The notes: 12 h; the authors' later `prepare_phoenix_data` has 6 h."""

    pupils_within: timedelta = 6 * HOUR
    """The notes: 6 h; the authors' later `prepare_phoenix_data` has 12 h."""

    glucose_within: timedelta = 12 * HOUR
    """Phoenix-8 (the notes: 12 h)."""

    chemistry_within: timedelta = DAY
    """Phoenix-8: cell counts, creatinine, bilirubin, ALT (the notes: 24 h)."""

    ratios: Literal["either", "pf_first"] = "either"
    """P/F and S/F: the worse of both (the published rule), or P/F alone where there is
    one (an option of the authors' later R package, `pao2.spo2.delta = Inf`)."""

    spo2: Literal["through_97", "below_97", "any"] = "through_97"
    """Which SpO2 makes an S/F: up to 97 % (rubric, footnote b), below 97 % (a line in
    the help of the R package 1.1), or any (the four-organ example of the package)."""

    newer_fio2: Literal["void", "keep"] = "void"
    """An FiO2 charted after the last PaO2 or SpO2: no ratio until the next (the notes),
    or the ratio with the FiO2 it was measured under still stands."""

    arterial: frozenset[str] = frozenset({"ART.", "ART", "arterial"})
    """Specimen names of arterial blood; a gas of any other kind does not count."""

    ventilated: frozenset[str] = frozenset({"invasive"})
    """Categories of support that are invasive mechanical ventilation."""

    supported: frozenset[str] = frozenset(
        {"tracheostomy", "niv", "cpap", "hfnc", "oxygen", "other"}
    )
    """Categories that are other support: oxygen, high flow, non-invasive pressure (R
    package); a tracheostomy without a ventilator by our reading."""

    room_air: Literal["unknown", "no_support"] = "unknown"
    """FiO2 charted as 21 % and not a word of support: it may be a ventilator's, or it
    says that there is no support (the package's example takes `fio2 > 0.21` for it)."""

    pressure: Literal["arterial_first", "latest"] = "arterial_first"
    """Several sources of the mean pressure: arterial line, its estimate, cuff, its
    estimate, in this order (the notes); or the latest of them."""

    without_infusions: Literal["if_charted", "none", "unknown"] = "if_charted"
    """No vasoactive infusion on record.

    `if_charted`: none is given where the record holds an infusion of any drug by then;
    a record without any may be of a source that tells of none, so that nobody can say
    (ours).  `none`: none is given (the notes, package).  `unknown`: nobody can say.
    """

    sedation: SedationPolicy = field(default_factory=_as_charted)
    """What the coma scale is worth under sedation or a tube: as charted (rubric,
    footnote h; the notes: `1T` is a verbal 1)."""

    without_age: Literal["any_age", "unscored", "newborn_creatinine"] = "any_age"
    """Age not known: what holds at every age; nothing (R package from commit 247329e);
    or no points of pressure, and creatinine as in the first month (`phoenix-sepsis`
    1.1.3, which fills the age with 0 there)."""

    eighteenth_birthday: Literal["too_old", "child"] = "too_old"
    """The age of exactly 216 months: beyond the table (rubric, notes), or in its last
    band (`phoenix-sepsis` 1.1.3: `age <= 216`)."""


PHOENIX = PhoenixPolicy(name="ember")

PACKAGE = PhoenixPolicy(
    name="package",
    missing="normal",
    without_infusions="none",
    without_age="newborn_creatinine",
    eighteenth_birthday="child",
)
"""`phoenix-sepsis` 1.1.3 to the letter: what is missing scores 0."""

PHOENIX_POLICIES = {policy.name: policy for policy in (PHOENIX, PACKAGE)}
