"""What the baseline covariates leave open, as named arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from streams.clinical.comorbidity.diagnoses import Uncoded
from streams.clinical.markers.readings import Implausible


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPolicy:
    """How far back a factor is looked for, and what silence means."""

    exposure: timedelta = timedelta(days=90)
    """Antimicrobials and admissions before the episode (REMAP-CAP asks for 30 days of
    in-patient care, others for 90; ours)."""

    colonisation: timedelta = timedelta(days=365)
    """Screening results before the episode (ours)."""

    laboratory: timedelta = timedelta(days=365)
    """Lipids, HbA1c and weight before the moment (ours)."""

    unrecorded: Literal["unknown", "absent"] = "unknown"
    """Nothing on record of an exposure: unknown, since other hospitals and practices
    are not in this record; or absent, where one record holds all care."""

    uncoded: Uncoded = "absent_if_coded"
    """A diagnosis that no code stands for."""

    home_list: Literal["complete_if_any", "never_complete"] = "complete_if_any"
    """A drug that is not on the list of drugs taken at home: not taken, where there is
    a list; or unknown all the same.  A list older than `exposure` before the episode is
    none."""

    neutropenia: float = 0.5
    """10*3/uL; below it within a week a patient is immunosuppressed (AdrenOSS-2,
    HYVITS exclude so)."""

    genotypes: str = "genotype"
    """How the classifiers of genetic results begin (`genotype:tnf-308`)."""

    lipids_in: Literal["any_time", "before_episode"] = "any_time"
    """Lipids fall in sepsis: what was measured in it may count, or not."""

    implausible: Implausible = "counts"
    """Values flagged as implausible."""


DEFAULT = FactorPolicy()
