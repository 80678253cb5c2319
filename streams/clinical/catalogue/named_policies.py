"""The policies of each rule by name, our default first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from streams.clinical.definitions.ase.policy import POLICIES as ASE_READINGS
from streams.clinical.definitions.ase.policy import TOOLKIT, AsePolicy
from streams.clinical.definitions.policies import (
    EMBER,
    MIMIC,
    VALIK_DOSES,
    Sepsis3Policy,
    SuspicionPolicy,
)
from streams.clinical.definitions.policies import POLICIES as SEPSIS3_PRESETS
from streams.clinical.scores.first_day_sofa import FirstDayPolicy
from streams.clinical.scores.gcs_sedation import SEDATION, SedationPolicy
from streams.clinical.scores.oxygenation import (
    OXYGENATION,
    RICU_OXYGENATION,
    OxygenationPolicy,
)
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.pressure import (
    MIMIC_PRESSURE,
    PRESSURE,
    PressurePolicy,
)


OURS = "ember"
"""The name of our default."""

PolicyT = TypeVar("PolicyT")


def ours_first(policies: Mapping[str, PolicyT]) -> dict[str, PolicyT]:
    """The same, with our default before the others."""
    first = {name: one for name, one in policies.items() if name == OURS}
    return first | dict(policies)


SUSPICION: dict[str, SuspicionPolicy] = {
    OURS: EMBER.suspicion,
    MIMIC.name: MIMIC.suspicion,
    "valik": VALIK_DOSES,
}

SOFA: dict[str, SofaPolicy] = {
    OURS: EMBER.sofa,
    MIMIC.name: MIMIC.sofa,
    "as_sent": replace(EMBER.sofa, units="as_sent"),
    "si": replace(EMBER.sofa, units="si"),
}
"""Our default and mimic-code's; then ours by the bands in umol/L, not verified."""

SEPSIS3: dict[str, Sepsis3Policy] = ours_first(SEPSIS3_PRESETS) | {
    "zero": replace(EMBER, name="zero", baseline="zero"),
    "cummin": replace(EMBER, name="cummin", baseline="cummin"),
    "start": replace(EMBER, name="start", baseline="start"),
    "prior24": replace(EMBER, name="prior24", baseline="prior24"),
    "admission": replace(EMBER, name="admission", baseline="admission"),
}
"""Our default and mimic-code's; then ours with each other baseline."""

FIRST_DAY: dict[str, FirstDayPolicy] = {
    OURS: FirstDayPolicy(sofa=EMBER.sofa),
    MIMIC.name: FirstDayPolicy(
        sofa=MIMIC.sofa,
        oxygenation="severe_only",
        infusions="begun",
        urine="as_charted",
    ),
}

OXYGEN: dict[str, OxygenationPolicy] = {
    OURS: OXYGENATION,
    "ricu": RICU_OXYGENATION,
    "rice_2007": replace(OXYGENATION, imputation="rice_2007"),
    "severinghaus_ellis": replace(OXYGENATION, imputation="severinghaus_ellis"),
}

MEAN_PRESSURE: dict[str, PressurePolicy] = {
    OURS: PRESSURE,
    MIMIC.name: MIMIC_PRESSURE,
}

GLASGOW: dict[str, SedationPolicy] = {
    OURS: SEDATION,
    "assume_normal": replace(SEDATION, gcs_sedation="assume_normal"),
    "as_charted": replace(SEDATION, gcs_sedation="as_charted"),
    "motor_only": replace(SEDATION, gcs_sedation="motor_only"),
    "unknown": replace(SEDATION, gcs_sedation="unknown"),
}

ASE: dict[str, AsePolicy] = ASE_READINGS | {
    "orders": replace(TOOLKIT, name="orders", doses="ordered")
}
"""The toolkit's and clifpy's; then the toolkit's where a record holds orders alone
(MIMIC-IV's prescriptions), of which it would otherwise find no day at all."""
