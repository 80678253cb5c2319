"""What may be chosen of the synthetic hospital, and what is usual there.

The shares are a training ward's, enriched with sepsis so that a month shows every
path of a trial; they are no estimate of any real hospital's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from math import exp

from streams.vocabulary.clock import DAY, HOUR, MINUTE
from streams.vocabulary.errors import ErrorCode, SettingsError


@dataclass(frozen=True, slots=True)
class Delay:
    """A lognormal delay: its median, and the sigma of its logarithm."""

    median: timedelta
    spread: float = 0.5
    least: timedelta = timedelta(0)

    def seconds(self, gauss: float) -> float:
        """The delay a standard normal draw stands for."""
        drawn = self.median.total_seconds() * exp(self.spread * gauss)
        return max(drawn, self.least.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalConfig:
    """One synthetic hospital; equal configurations give equal messages."""

    # -- the house -------------------------------------------------------------
    seed: int = 1
    """Everything random comes from it, and nothing from the global generators."""
    site: str = "demo-hospital"
    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """The first moment at which anybody is admitted."""
    duration: timedelta = 30 * DAY
    """How long people are admitted; all are then followed to their last contact."""
    ward_beds: int = 48
    icu_beds: int = 12
    """Whom no bed awaits is diverted to another hospital and leaves no record."""
    admissions_per_day: float = 9.0
    """Rate of the Poisson process of people asking for a bed."""

    # -- who comes -------------------------------------------------------------
    sepsis_share: float = 0.22
    """Of those asking for a bed: sepsis, with or without shock."""
    infection_share: float = 0.15
    """Infection that never reaches two points above the baseline SOFA."""
    hospital_onset_share: float = 0.25
    """Of septic patients: infected in hospital, after 48 hours."""
    shock_share: float = 0.35
    """Of septic patients: need a vasopressor and have lactate above 2 mmol/L."""
    rule_out_share: float = 0.06
    """Of the uninfected: cultured and treated on a suspicion that is then dropped."""
    elective_share: float = 0.3
    """Of the uninfected: come for surgery, past the emergency department."""
    chronic_share: float = 0.14
    """Have chronic organ failure (kidney, liver, marrow): a baseline SOFA above 0."""
    organism_mix: tuple[tuple[str, float], ...] = ()
    """Multipliers of the usual frequency by organism name; empty leaves it as is."""
    culture_yield: float = 0.6
    """Of infections: the organism grows from at least one specimen."""
    mortality_other: float = 0.015
    mortality_sepsis: float = 0.13
    mortality_shock: float = 0.36
    """Die in hospital: uninfected, septic, in septic shock."""
    late_mortality: float = 0.05
    """Of septic survivors: die within 90 days of discharge."""

    # -- what is charted, and how often ----------------------------------------
    icu_vitals_every: timedelta = HOUR
    ward_vitals_every: timedelta = 4 * HOUR
    icu_labs_every: timedelta = 12 * HOUR
    ward_labs_every: timedelta = 24 * HOUR
    gases_every: timedelta = 6 * HOUR
    """Arterial gases of whoever breathes with help in intensive care."""
    unknown_pregnancy_share: float = 0.3
    """Of women aged 15 to 50: nobody has asked, or the answer is open."""
    problem_list_share: float = 0.6
    """Of chronic conditions: already on record at admission, not only at discharge."""
    missing_weight_share: float = 0.04
    """Vasopressors begun before anybody weighed the patient: the rate is unknown."""
    implausible_share: float = 0.002
    """Of sets of vital signs: one value that is possible and hardly believable."""
    lost_share: float = 0.1
    """Of survivors: never heard of again after discharge."""

    # -- when it becomes known -------------------------------------------------
    bedside_lag: Delay = Delay(12 * MINUTE, 0.8)
    """From a look at the patient to its filing."""
    medication_lag: Delay = Delay(4 * MINUTE, 0.7)
    desk_lag: Delay = Delay(6 * MINUTE, 0.9)
    """Admission, transfer, discharge."""
    lab_turnaround: Delay = Delay(65 * MINUTE, 0.4, 15 * MINUTE)
    gas_turnaround: Delay = Delay(5 * MINUTE, 0.5, MINUTE)
    culture_preliminary: Delay = Delay(24 * HOUR, 0.2, 10 * HOUR)
    culture_final: Delay = Delay(60 * HOUR, 0.2, 40 * HOUR)
    death_notice: Delay = Delay(9 * DAY, 0.7, DAY)
    """From a death outside to its notice by the civil registry."""

    # -- what goes wrong -------------------------------------------------------
    late_share: float = 0.03
    """Of laboratory reports: held up."""
    late_by: Delay = Delay(9 * HOUR, 0.8)
    transit_share: float = 0.02
    """Of messages: stuck on the way, so that later ones overtake them."""
    transit_delay: Delay = Delay(50 * MINUTE, 0.9)
    duplicate_share: float = 0.01
    """Of messages: delivered again."""
    corrected_share: float = 0.015
    """Of laboratory reports: one value corrected afterwards."""
    cancelled_share: float = 0.008
    """Of laboratory reports (wrong patient's tube) and culture specimens (lost)."""

    def __post_init__(self) -> None:
        """Refuse what no hospital can be; EMB-402 names the setting."""
        if self.start.tzinfo is not UTC:
            raise _unusable("start", "must be a moment in UTC")
        if self.ward_beds < 1 or self.icu_beds < 1:
            raise _unusable("ward_beds and icu_beds", "must be at least 1")
        if self.admissions_per_day <= 0 or self.duration <= timedelta(0):
            raise _unusable("admissions_per_day and duration", "must be positive")
        if self.sepsis_share + self.infection_share > 1:
            raise _unusable("sepsis_share and infection_share", "exceed 1 together")
        for name, value in self._by_ending("_share", "_yield", "mortality"):
            if not isinstance(value, float | int) or not 0 <= value <= 1:
                raise _unusable(name, "must lie between 0 and 1")
        for name, value in self._by_ending("_every"):
            if not isinstance(value, timedelta) or value < MINUTE:
                raise _unusable(name, "must be a minute or more")

    def _by_ending(self, *words: str) -> list[tuple[str, object]]:
        names = [f.name for f in fields(self)]
        chosen = [n for n in names if any(word in n for word in words)]
        return [(name, getattr(self, name)) for name in chosen]


def _unusable(setting: str, fault: str) -> SettingsError:
    return SettingsError(
        ErrorCode.BAD_SETTING,
        f"The synthetic hospital's {setting} {fault}.",
        "See `HospitalConfig` for what each setting means.",
    )
