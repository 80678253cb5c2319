"""The plan of one stay: what befalls the patient, and how ill it makes them, when.

All times are hours after arrival; an infection caught at home began before it.
`severity` is the latent trajectory that everything measured follows: 0 is well, 0.3
is ill, 0.8 is septic shock, and nobody survives 1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from streams.simulate.config import HospitalConfig
from streams.simulate.draws import Floats, Luck
from streams.simulate.pathogens import (
    SOURCES,
    Pathogen,
    Source,
    infecting,
)


Illness = Literal["none", "infection", "sepsis", "septic_shock"]

BEFORE = 36
"""The trajectory begins so many hours before arrival."""
LONGEST = 35 * 24.0
"""No stay is longer, in hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Infection:
    """An infection, and when its doctors did what."""

    source: Source
    pathogen: Pathogen
    grows: bool
    """Whether any culture will find it."""
    begins: float
    recognised: float
    """When somebody first thinks of it: cultures and antimicrobials follow."""
    effect: float
    """When the treatment begins to tell."""
    peak: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One stay."""

    illness: Illness
    infection: Infection | None
    suspected: float | None
    """When cultures and antimicrobials are begun, rightly or not."""
    elective: bool
    hospital_onset: bool
    dies: bool
    comfort_care: float | None
    """From when on only comfort is sought; None where that is never agreed."""
    emergency_ends: float
    """When a bed is found; 0 for the electively admitted."""
    icu: tuple[float, float] | None
    ends: float
    """Discharge or death."""
    hours: Floats
    severity: Floats

    @property
    def septic(self) -> bool:
        """Whether it was planned as sepsis."""
        return self.illness in {"sepsis", "septic_shock"}


def course(config: HospitalConfig, luck: Luck) -> Course:
    """Draw one stay."""
    illness = _illness(config, luck)
    septic = illness in {"sepsis", "septic_shock"}
    hospital_onset = septic and luck.happens(config.hospital_onset_share)
    elective = illness == "none" and luck.happens(config.elective_share)
    infection = (
        None
        if illness == "none"
        else _infection(config, luck, illness=illness, late=hospital_onset)
    )
    dies = luck.happens(_mortality(config, illness))
    ends = min(_ends(luck, infection, dies=dies), LONGEST)
    hours = np.arange(-BEFORE, int(ends) + 3, dtype=np.float64)
    severity = _severity(hours, luck, infection, ends=ends, dies=dies)
    emergency_ends = 0.0 if elective else luck.between(2.5, 7.0)
    icu = _intensive_care(
        luck, hours, severity, infection, ends=ends, dies=dies, elective=elective
    )
    ruled_out = infection is None and luck.happens(config.rule_out_share)
    return Course(
        illness=illness,
        infection=infection,
        suspected=infection.recognised
        if infection
        else luck.between(1, min(40, ends / 2))
        if ruled_out
        else None,
        elective=elective,
        hospital_onset=hospital_onset,
        dies=dies,
        comfort_care=ends - luck.between(5, 20)
        if dies and ends > 48 and luck.happens(0.4)
        else None,
        emergency_ends=min(emergency_ends, ends - 0.5),
        icu=icu,
        ends=ends,
        hours=hours,
        severity=severity,
    )


def _illness(config: HospitalConfig, luck: Luck) -> Illness:
    drawn = luck.uniform()
    if drawn < config.sepsis_share:
        return "septic_shock" if luck.happens(config.shock_share) else "sepsis"
    if drawn < config.sepsis_share + config.infection_share:
        return "infection"
    return "none"


def _infection(
    config: HospitalConfig, luck: Luck, *, illness: Illness, late: bool
) -> Infection:
    source: Source = luck.weighted(SOURCES)
    begins = 50 + luck.gamma(1.5, 40) if late else -min(3 + luck.gamma(2, 10), 30)
    noticed = begins + 3 + luck.gamma(2, 5) if late else 0.4 + luck.gamma(2, 1.2)
    peak = {
        "infection": luck.between(0.12, 0.26),
        "sepsis": luck.between(0.42, 0.7),
        "septic_shock": luck.between(0.8, 1.02),
    }[illness]
    return Infection(
        source=source,
        pathogen=infecting(config, source, luck),
        grows=luck.happens(config.culture_yield),
        begins=begins,
        recognised=noticed,
        effect=noticed + luck.between(10, 24),
        peak=peak,
    )


def _mortality(config: HospitalConfig, illness: Illness) -> float:
    return {
        "septic_shock": config.mortality_shock,
        "sepsis": config.mortality_sepsis,
        # Whom an infection kills was septic.
        "infection": 0.0,
        "none": config.mortality_other,
    }[illness]


def _ends(luck: Luck, infection: Infection | None, *, dies: bool) -> float:
    if infection is None:
        stay = 20 + luck.gamma(1.6, 62)
        return stay + 24 if dies else stay
    if dies:
        return infection.effect + 6 + luck.gamma(1.3, 120)
    # Home once the fever is down and the tablets are chosen: a day or two later.
    fade = _fading(infection) * np.log(infection.peak / 0.08)
    return float(infection.effect + max(fade, 20) + luck.between(10, 40))


def _fading(infection: Infection) -> float:
    """The time constant of recovery, longer for the sicker."""
    return 22 + 40 * infection.peak


def _severity(
    hours: Floats, luck: Luck, infection: Infection | None, *, ends: float, dies: bool
) -> Floats:
    other = luck.between(0.02, 0.1) if infection else min(luck.gamma(1.2, 0.13), 0.6)
    total: Floats = other * np.exp(-np.clip(hours, 0, None) / 60)
    if infection is not None:
        ill_for = np.clip(hours - infection.begins, 0, None)
        rise = infection.peak * (1 - np.exp(-ill_for / luck.between(3.5, 6.5))) ** 2
        fading = _fading(infection) * (5 if dies else 1)
        total = total + rise * np.exp(
            -np.clip(hours - infection.effect, 0, None) / fading
        )
    if dies:
        dying = np.clip((hours - (ends - 30)) / 29, 0, 1) ** 1.5
        total = np.maximum(total, 1.3 * dying)
    return total


def _intensive_care(
    luck: Luck,
    hours: Floats,
    severity: Floats,
    infection: Infection | None,
    *,
    ends: float,
    dies: bool,
    elective: bool,
) -> tuple[float, float] | None:
    """From when to when, if ever: by severity, or after a large operation."""
    seen = 1.5 if infection is None else max(infection.recognised + 1.0, 1.5)
    needy = hours[(severity >= 0.45) & (hours >= seen) & (hours < ends - 2)]
    if needy.size == 0:
        operated = elective and ends > 40 and luck.happens(0.3)
        return (6.0, 6.0 + luck.between(18, 30)) if operated else None
    begins = float(needy[0]) + luck.between(0.2, 1.5)
    if dies and infection is None and luck.happens(0.3):
        return None
    weaned = hours[(severity >= 0.25) & (hours <= ends)][-1] + luck.between(6, 18)
    until = ends if dies or weaned > ends - 10 else max(float(weaned), begins + 20)
    return (begins, min(until, ends)) if ends - begins > 1 else None
