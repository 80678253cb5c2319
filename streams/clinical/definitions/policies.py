"""Sepsis-3 with its ambiguities as named arguments, and the two presets.

Singer M et al., JAMA 2016;315:801-810; Seymour CW et al., JAMA 2016;315:762-774.
`MIMIC` is mimic-code's `sepsis3` to the letter (MIT,
github.com/MIT-LCP/mimic-code, commit 8bcbd190); `EMBER` is our default.
Each difference between the two, with its effect, is in `deploy/docs/sepsis3.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from streams.clinical.scores.policy import SofaPolicy
from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspicionPolicy:
    """When an antimicrobial and a culture together tell of a suspected infection."""

    culture_then: timedelta = timedelta(hours=72)
    """Culture first: the antimicrobial follows within so long (Seymour 2016)."""

    antimicrobial_then: timedelta = timedelta(hours=24)
    """Antimicrobial first: the culture follows within so long (Seymour 2016)."""

    simultaneous: Literal["neither", "culture_first"] = "culture_first"
    """Both at the very same time: no suspicion (the gap between the two inequalities of
    mimic-code's `suspicion_of_infection.sql`), or as if the culture came first."""

    date_only: Literal["midnight", "antimicrobial"] = "antimicrobial"
    """A culture of which only the date is known.

    `midnight`: taken at the start of that day, so that suspicion may come before the
    antimicrobial by up to a day (mimic-code).
    `antimicrobial`: it pairs all the same, but never sets the time of suspicion.
    """

    match: Literal["patient", "encounter"] = "patient"
    """Whether a culture of another hospital stay may pair (mimic-code: yes; a patient
    called back for a positive culture is a case in point)."""

    stages: frozenset[str] = frozenset({"ordered", "given"})
    """What counts as the antimicrobial (Seymour 2016: order or administration)."""

    doses: int = 1
    """How many antimicrobials there must be, the first of the pair counted: one
    (Seymour 2016, mimic-code; ricu `abx_min_count`), or two (Rhee's form for electronic
    records; Valik).  Until the last of them is there nothing is suspected."""

    doses_after: timedelta = timedelta()
    """How long after the first the others must come at least: Valik 6 h, counted up to
    `doses_within`."""

    doses_within: timedelta = timedelta(hours=24)
    """… and at most: ricu `abx_count_win` 24 h, Valik 48 h."""

    single_dose: Literal["never", "short_care_or_death"] = "never"
    """Where more than one dose is asked for, one will do nevertheless: never, or if the
    intensive care in which it was given lasted less than 24 hours, or death came within
    48 hours of it (Valik, as tabulated by Rhee)."""

    mode: Literal["both", "either", "antimicrobial", "culture"] = "both"
    """What tells of a suspicion: an antimicrobial and a culture (Seymour 2016,
    mimic-code), either of them, or only one of them, whose time it then has (ricu
    `si_mode`: and, or, abx, samp; `antimicrobial` with two doses where a source has no
    cultures)."""

    cultures: Literal["any", "positive"] = "any"
    """Any culture, whatever it grew (Seymour 2016, mimic-code), or only one that is
    known to have grown something, from then on (ricu `positive_cultures`)."""

    screens: Literal["count", "ignore"] = "count"
    """Surveillance swabs (`MRSA SCREEN`): a culture like any other (mimic-code), or no
    sign that anybody suspected an infection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sepsis3Policy:
    """Suspected infection, and organ dysfunction around it."""

    name: str
    suspicion: SuspicionPolicy
    sofa: SofaPolicy

    before: timedelta = timedelta(hours=48)
    """How long before suspicion dysfunction may be (Seymour 2016)."""

    after: timedelta = timedelta(hours=24)
    """How long after."""

    baseline: Literal[
        "zero", "cummin", "start", "prior24", "prehospital", "admission"
    ] = "prehospital"
    """What the score is held against.

    `zero`: every patient was well (mimic-code `sepsis3.sql`; Singer 2016 for patients
    not known to have organ dysfunction).
    `cummin`: the least score so far inside the window (ricu `delta_cummin`).
    `start`: the first score inside the window (ricu `delta_start`).
    `prior24`: the least of this hour's score and the 23 before (ricu `delta_min`).
    `prehospital`: 0, but for organs known to be chronically failing (`chronic.py`).
    `admission`: 0 for who came with the infection, and the score at admission for who
    was in hospital before it (ImmunoSep, NCT04990232, as registered).
    For `start`, `prior24` and `admission` an hour of which nothing is known has no
    score, unless SOFA takes what is missing for normal; for `cummin` it has 0.
    """

    prior24_sees: Literal["record", "window"] = "record"
    """Whether the 24 hours of `prior24` may begin before the window of dysfunction.
    The published words do not say."""

    admission_score: Literal["first_day", "first_score"] = "first_day"
    """The score at admission: the worst of the stay's first 24 hours, or its first.
    The registry does not say.  While that day lasts, what there is of it before the
    hour in question counts; where nothing is known of it, the score was 0 (Singer
    2016)."""

    came_with_infection: timedelta = timedelta(hours=48)
    """Suspicion so soon after coming counts as brought along (the usual bound of
    hospital-acquired infection; the registry says "admitted at the ED").  Where nobody
    knows when the patient came, it does too."""

    delta: int = 2
    """How many points above it (Singer 2016)."""

    onset_at: Literal["hour_end", "observation"] = "observation"
    """The moment of dysfunction: the end of the hour (mimic-code `sofa_time`, and only
    hours that are over count), or the observation that made the points."""

    per: Literal["icu_stay", "encounter"] = "encounter"
    """One episode for each ICU stay, of antimicrobials begun there (mimic-code), or for
    each hospital stay."""

    def __post_init__(self) -> None:
        """Refuse rows of one ICU stay for an episode of a whole hospital stay."""
        if self.sofa.hours == "icu_stay" and self.per != "icu_stay":
            raise SettingsError(
                ErrorCode.BAD_SETTING,
                "Hours of an ICU stay cannot tell of a whole hospital stay.",
                "Set `per` to `icu_stay`, or the hours of SOFA to `encounter`.",
            )


VALIK_DOSES = SuspicionPolicy(
    doses=2,
    doses_after=timedelta(hours=6),
    doses_within=timedelta(hours=48),
    single_dose="short_care_or_death",
)
"""Two doses, the later 6 to 48 hours after the first, with the exceptions (Valik, as
tabulated by Rhee)."""

MIMIC = Sepsis3Policy(
    name="mimic",
    suspicion=SuspicionPolicy(
        simultaneous="neither", date_only="midnight", stages=frozenset({"ordered"})
    ),
    sofa=SofaPolicy(
        hours="icu_stay",
        codes=frozenset(
            f"urn:ember:local|mimic-iv:{item}"
            for item in (
                *(50912, 51265, 50885, 50821, 50816, 223835),
                *(220045, 220052, 220181, 225312, 223901, 223900, 220739),
                *(223834, 227582, 227287),
                *(226559, 226560, 226561, 226584, 226563, 226564, 226565),
                *(226567, 226557, 226558, 227488, 227489),
            )
        ),
        missing="normal",
        censored="bound",
        gcs="assume_normal",
        untestable_verbal=frozenset({"No Response-ETT"}),
        ventilation="charted_episodes",
        arterial=frozenset({"ART."}),
        vasoactives="hour_end",
        zero_rate="normal",
        urine_origin="first_heart_rate",
        urine_of_hour="highest",
    ),
    baseline="zero",
    onset_at="hour_end",
    per="icu_stay",
)

EMBER = Sepsis3Policy(name="ember", suspicion=SuspicionPolicy(), sofa=SofaPolicy())

POLICIES = {policy.name: policy for policy in (MIMIC, EMBER)}
