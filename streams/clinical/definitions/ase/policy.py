"""What the toolkit leaves open or says twice, as named arguments.

*Hospital Toolkit for Adult Sepsis Surveillance*, CDC, March 2018, CS289729-A; "sheet"
is its worksheet (Appendix D).
clifpy: Common-Longitudinal-ICU-data-Format/clifpy 2.1.0, `utils/ase.py` (Apache-2.0).
Each difference between the two, with its effect, is in `deploy/docs/peers_ase.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


ESRD = frozenset({"N186"})
"""End-stage renal disease as the toolkit codes it (ICD-10-CM, dots left out)."""

ESRD_WIDE = frozenset({"N186", "Z4931", "Z4901", "I120", "I1311", "I132", "I272"})
"""As clifpy codes it; I12.0, I13.11 and I13.2 hold stage 5 too, I27.2 is the lung."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AsePolicy:
    """One reading of the Adult Sepsis Event and the Bacteremia/Fungemia Shock Event."""

    name: str

    # -- who -------------------------------------------------------------------

    unknown_age: Literal["unknown", "adult"] = "unknown"
    """A patient whose age is not on record: the event stays provisional, or (a hospital
    that has no children) counts as an adult's."""

    # -- blood cultures --------------------------------------------------------

    window_days: int = 2
    """Calendar days before and after the day of the culture (p. 6)."""

    # -- antimicrobials --------------------------------------------------------

    antimicrobials: frozenset[str] = frozenset({"toolkit", "newer"})
    """Which lists count.

    Appendix A is garbled in print and of March 2018; cleaned it is `toolkit`.
    Users are expected to add newer drugs (p. 14): `newer` are those of CLIF.
    """

    doses: Literal["given", "ordered"] = "given"
    """What a day of antimicrobials is: one on which a dose was given (the toolkit), or
    one on which an order ran (for records without administrations, such as MIMIC-IV's
    prescriptions)."""

    unknown_route: Literal["as_listed", "leave_out"] = "as_listed"
    """A dose whose route is not on record: by the one route the list has the drug for
    (by mouth where it has both, so that it never is the parenteral one), or no dose."""

    needed_days: int = 4
    """Qualifying antimicrobial days that presume an infection (p. 5)."""

    first_qad: Literal["first_day", "any_day"] = "first_day"
    """Where the count begins: on the first day in the window with a new antimicrobial
    (p. 6 to the letter; clifpy), or on any such day that reaches enough, so that one
    prophylactic dose two days before the culture does not spoil the count."""

    parenteral: Literal["first_dose", "any_dose"] = "first_dose"
    """The new parenteral antimicrobial in the window: its first day is by vein or
    muscle (clifpy; of a drug begun by mouth the infusion is not new, p. 7), or any
    parenteral dose in the window of a drug that was new there."""

    # -- organ dysfunction -----------------------------------------------------

    lactate: bool = False
    """Whether the optional criterion counts (p. 5: ordering practice drifts)."""

    lactate_unit: Literal["mmol/L", "mg/dL"] = "mmol/L"
    """The unit of the limit of 2.0: mmol/L in the text, mg/dL on the sheet."""

    bilirubin_rise: Literal["100%", "50%"] = "100%"
    """How far above baseline: 100 % by criterion B4, 50 % on the sheet."""

    platelet_unit: Literal["10*3/uL", "/uL"] = "10*3/uL"
    """The unit of the limit of 100: criterion B5 prints cells/µL, Appendix C 10⁹/L;
    nobody lives with 100 cells/µL."""

    platelet_baseline: Literal["at_least", "above"] = "at_least"
    """A usable baseline is ≥ 100 in the text, > 100 on the sheet."""

    esrd_codes: frozenset[str] = ESRD
    """Diagnoses (prefixes, dots left out) without which creatinine may count."""

    coding_days: int = 14
    """How long after the stay diagnoses may still be filed (ours: the toolkit looks back
    on records that are complete).  Until then an event that rests on the kidney alone
    is provisional."""

    theatre: Literal["never_given", "given_before"] = "never_given"
    """A vasopressor in the operating room never counts; whether it makes the same drug
    in intensive care on the next day an old one: no (p. 15 to the letter; clifpy), or
    yes."""

    ventilation_gap: int = 2
    """Days from the last day of one ventilation to the first of a new one: 2 reads "more
    than one calendar day between" as the difference of the dates (clifpy), 3 as two
    whole days in between."""

    # -- onset, baselines, repeats ---------------------------------------------

    baseline: Literal["fixed_point", "culture_day"] = "fixed_point"
    """Baselines depend on the type of onset, which depends on them.

    `culture_day`: by the hospital day of the culture alone (clifpy).
    `fixed_point`: the same, but an event that turns out to be community-onset is
    judged again with the baselines of the whole stay, so that type and baselines agree.
    """

    community_days: int = 2
    """The last hospital day of community onset (p. 8)."""

    repeats: Literal["timeframe", "one_per_stay", "every"] = "timeframe"
    """Whether a second event is a new one: after the repeat-infection timeframe (p. 9,
    optional), never in one stay (Rhee C et al., JAMA 2017;318:1241-1249), or always
    where it begins on another day."""

    repeat_days: int = 14
    """The timeframe in days (p. 9 suggests 14)."""

    repeat_day_1: Literal["onset", "day_after"] = "onset"
    """Its first day: the day of onset (NHSN's habit), or the day after (clifpy keeps
    events more than 14 days apart)."""

    community_repeats: Literal["merged", "each"] = "merged"
    """Community-onset events of one stay are one event, or each its own (clifpy; the
    timeframe is for hospital onset only)."""

    # -- reporting -------------------------------------------------------------

    hospital_rate: Literal["hospital", "community"] = "hospital"
    """What the rate of hospital-onset events counts: the toolkit's formula prints "CO
    events"."""


TOOLKIT = AsePolicy(name="toolkit")

CLIFPY = AsePolicy(
    name="clifpy",
    esrd_codes=ESRD_WIDE,
    baseline="culture_day",
    repeat_day_1="day_after",
    community_repeats="each",
    unknown_age="adult",
)
"""clifpy 2.1.0's readings, so far as they are readings and not slips."""

POLICIES = {policy.name: policy for policy in (TOOLKIT, CLIFPY)}
