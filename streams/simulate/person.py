"""Who the patient is: what does not change during the stay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.simulate.config import HospitalConfig
from streams.simulate.draws import Luck


Chronic = Literal[
    "kidney_failure", "cirrhosis", "thrombocytopenia", "heart_failure", "copd"
]

_ORGAN_FAILURE: tuple[tuple[Chronic, float], ...] = (
    ("kidney_failure", 0.5),
    ("cirrhosis", 0.3),
    ("thrombocytopenia", 0.2),
)
_OTHER_BURDEN: tuple[tuple[Chronic, float], ...] = (
    ("heart_failure", 0.12),
    ("copd", 0.1),
)
_ALLERGENS = (
    ("penicillin", 0.08),
    ("cephalosporin", 0.02),
    ("sulfonamide", 0.03),
    ("iodinated contrast", 0.02),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One patient, and how the organs do when nothing acute is wrong."""

    sex: Literal["female", "male"]
    age: int
    weight_kg: float
    height_cm: float
    chronic: tuple[Chronic, ...]
    allergies: tuple[str, ...]
    pregnant: bool | None
    """Truly so; what the record says of it is another matter."""
    heart_rate: float
    mean_pressure: float
    creatinine: float
    bilirubin: float
    platelets: float
    oxygenation: float
    """PaO2 / FiO2 in mmHg."""


def person(config: HospitalConfig, luck: Luck) -> Person:
    """Draw one patient."""
    sex: Literal["female", "male"] = luck.one_of(("female", "male"))
    age = int(min(max(18, 64 + 17 * luck.gauss()), 97))
    chronic = _chronic(config, luck)
    fertile = sex == "female" and 15 <= age <= 50
    return Person(
        sex=sex,
        age=age,
        weight_kg=round(min(max(38, _weight(sex) + 16 * luck.gauss()), 190), 1),
        height_cm=round((163 if sex == "female" else 176) + 7 * luck.gauss()),
        chronic=chronic,
        allergies=tuple(name for name, share in _ALLERGENS if luck.happens(share)),
        pregnant=luck.happens(0.06) if fertile else None,
        heart_rate=min(max(58, 76 + 8 * luck.gauss()), 100),
        mean_pressure=min(max(79, 88 + 6 * luck.gauss()), 106),
        creatinine=_creatinine(chronic, luck),
        bilirubin=luck.between(2.2, 4.5)
        if "cirrhosis" in chronic
        else luck.between(0.3, 0.8),
        platelets=luck.between(60, 90)
        if "thrombocytopenia" in chronic
        else luck.between(190, 330),
        oxygenation=luck.between(455, 520),
    )


def _chronic(config: HospitalConfig, luck: Luck) -> tuple[Chronic, ...]:
    failing = luck.happens(config.chronic_share)
    organ = (luck.weighted(_ORGAN_FAILURE),) if failing else ()
    return organ + tuple(name for name, share in _OTHER_BURDEN if luck.happens(share))


def _weight(sex: str) -> float:
    return 71 if sex == "female" else 84


def _creatinine(chronic: tuple[Chronic, ...], luck: Luck) -> float:
    if "kidney_failure" in chronic:
        return luck.between(2.1, 3.3)
    return luck.between(0.6, 1.0)
