"""What an unmapped code may mean: suggestions for a person, never used by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from streams.vocabulary.concepts import Concept, concepts
from streams.vocabulary.units import UNITS, canonical_unit


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A concept whose name shares words with a code's label."""

    concept: str
    share: float
    """Of the concept's words, the share the label has, less where it has many more."""


_LEAST = 0.5
_WORDS: dict[str, tuple[str, ...]] = {
    "haemoglobin": ("hemoglobin", "hgb", "hb"),
    "platelets": ("platelet", "thrombocytes", "plt"),
    "wbc": ("white", "leukocytes", "leucocytes"),
    "bun": ("urea", "nitrogen"),
    "alt": ("alanine", "aminotransferase", "sgpt"),
    "ast": ("aspartate", "aminotransferase", "sgot"),
    "crp": ("reactive", "protein"),
    "esr": ("sedimentation",),
    "pt": ("prothrombin",),
    "aptt": ("ptt", "thromboplastin"),
    "heart_rate": ("pulse", "hr"),
    "resp_rate": ("respiratory", "respiration", "rr"),
    "sbp": ("systolic",),
    "dbp": ("diastolic",),
    "map": ("mean", "arterial"),
    "spo2": ("oxygen", "saturation", "oximetry"),
    "temperature": ("temp",),
    "ldh": ("lactate", "dehydrogenase"),
    "bicarbonate": ("hco3",),
    "paco2": ("pco2",),
    "pao2": ("po2",),
    "weight": ("wt",),
    "height": ("ht",),
    "creatinine": ("creat", "crea"),
    "potassium": ("k",),
    "sodium": ("na",),
    "chloride": ("cl",),
}
"""Other words for a concept, as labels have them."""


def suggestions(label: str, unit: str = "", *, most: int = 3) -> list[Suggestion]:
    """The likeliest concepts, best first; none of another dimension than the unit."""
    words = _split(label)
    found = [
        Suggestion(measure.name, share)
        for measure in concepts().values()
        if _fits(measure, unit) and (share := _share(words, measure.name)) >= _LEAST
    ]
    return sorted(found, key=lambda one: (-one.share, one.concept))[:most]


def _fits(measure: Concept, written: str) -> bool:
    unit = canonical_unit(written) if written else None
    if unit is None:
        return True
    dimension = UNITS[unit].dimension
    own = {measure.unit, measure.substance_unit}
    return any(one and UNITS[one].dimension == dimension for one in own)


def _share(words: frozenset[str], name: str) -> float:
    best = 0.0
    for known in _spellings(name):
        if both := len(words & known):
            best = max(best, both / len(known) - len(words - known) / 20)
    return best


@cache
def _spellings(name: str) -> tuple[frozenset[str], ...]:
    own = _split(name)
    others = _WORDS.get(name, ())
    return (own, *(frozenset({word}) for word in others))


def _split(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[a-z]+\d*|\d+", text.lower().replace("_", " ")))
