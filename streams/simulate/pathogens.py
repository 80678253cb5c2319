"""What infects whom, where it is found, what it yields to, what is given for it.

The frequencies are plausible and ours, not any laboratory's; ICD-10-CM codes are the
classification's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from streams.simulate.config import HospitalConfig
from streams.simulate.draws import Luck


Source = Literal["lung", "urine", "abdomen", "skin", "unknown"]

SOURCES: tuple[tuple[Source, float], ...] = (
    ("lung", 0.4),
    ("urine", 0.25),
    ("abdomen", 0.2),
    ("skin", 0.1),
    ("unknown", 0.05),
)

SPECIMENS: dict[Source, str] = {
    "lung": "SPUTUM",
    "urine": "URINE",
    "abdomen": "PERITONEAL FLUID",
    "skin": "SWAB",
    "unknown": "URINE",
}
"""What is sent besides the blood."""

SOURCE_DIAGNOSIS: dict[Source, str] = {
    "lung": "J18.9",
    "urine": "N39.0",
    "abdomen": "K65.9",
    "skin": "L03.90",
    "unknown": "B99.9",
}


@dataclass(frozen=True, slots=True)
class Pathogen:
    """One organism as the laboratory names it."""

    name: str
    by_source: tuple[tuple[Source, float], ...]
    susceptible: tuple[tuple[str, float], ...]
    """By antimicrobial: the share of isolates it works on."""
    diagnosis: str
    """ICD-10-CM of a sepsis it causes."""


PATHOGENS: tuple[Pathogen, ...] = (
    Pathogen(
        "ESCHERICHIA COLI",
        (("urine", 6), ("abdomen", 4), ("unknown", 2)),
        (("CEFTRIAXONE", 0.85), ("CIPROFLOXACIN", 0.7), ("MEROPENEM", 0.99)),
        "A41.51",
    ),
    Pathogen(
        "KLEBSIELLA PNEUMONIAE",
        (("urine", 2), ("lung", 1.5), ("abdomen", 2)),
        (("CEFTRIAXONE", 0.8), ("CIPROFLOXACIN", 0.8), ("MEROPENEM", 0.96)),
        "A41.59",
    ),
    Pathogen(
        "PSEUDOMONAS AERUGINOSA",
        (("lung", 1.5), ("urine", 1), ("skin", 0.5)),
        (("CEFEPIME", 0.85), ("MEROPENEM", 0.85), ("TOBRAMYCIN", 0.92)),
        "A41.52",
    ),
    Pathogen(
        "STAPHYLOCOCCUS AUREUS",
        (("skin", 6), ("lung", 2), ("unknown", 3)),
        (("OXACILLIN", 0.7), ("VANCOMYCIN", 1.0), ("LINEZOLID", 0.99)),
        "A41.01",
    ),
    Pathogen(
        "STREPTOCOCCUS PNEUMONIAE",
        (("lung", 5),),
        (("PENICILLIN", 0.9), ("CEFTRIAXONE", 0.98), ("VANCOMYCIN", 1.0)),
        "A40.3",
    ),
    Pathogen(
        "ENTEROCOCCUS FAECALIS",
        (("urine", 1), ("abdomen", 2), ("unknown", 1)),
        (("AMPICILLIN", 0.97), ("VANCOMYCIN", 0.95)),
        "A41.81",
    ),
    Pathogen(
        "BACTEROIDES FRAGILIS",
        (("abdomen", 1.5),),
        (("METRONIDAZOLE", 0.99), ("PIPERACILLIN/TAZO", 0.97)),
        "A41.4",
    ),
    Pathogen(
        "CANDIDA ALBICANS",
        (("abdomen", 0.6), ("urine", 0.3), ("unknown", 0.4)),
        (("FLUCONAZOLE", 0.95), ("MICAFUNGIN", 0.99)),
        "B37.7",
    ),
)
CONTAMINANT = "STAPHYLOCOCCUS, COAGULASE NEGATIVE"


@dataclass(frozen=True, slots=True)
class Dosing:
    """One antimicrobial as it is ordered."""

    sent_drug: str
    dose: float
    unit: str
    every_hours: float
    route: str = "IV"


CEFTRIAXONE = Dosing("Ceftriaxone", 2, "g", 24)
AZITHROMYCIN = Dosing("Azithromycin", 500, "mg", 24)
PIPERACILLIN = Dosing("Piperacillin-Tazobactam", 4.5, "g", 6)
VANCOMYCIN = Dosing("Vancomycin", 1250, "mg", 12)
MEROPENEM = Dosing("Meropenem", 1, "g", 8)
CEFAZOLIN = Dosing("Cefazolin", 2, "g", 8)


def infecting(config: HospitalConfig, source: Source, luck: Luck) -> Pathogen:
    """The organism behind an infection of this source."""
    mix = dict(config.organism_mix)
    weights = [
        (p, weight * mix.get(p.name, 1.0))
        for p in PATHOGENS
        for found, weight in p.by_source
        if found == source
    ]
    return luck.weighted(weights)


def regimen(
    source: Source, *, shock: bool, hospital_onset: bool, allergic: bool
) -> tuple[Dosing, ...]:
    """What is given before anything has grown."""
    if allergic:
        return (MEROPENEM, VANCOMYCIN) if shock else (MEROPENEM,)
    if shock:
        return (PIPERACILLIN, VANCOMYCIN)
    if hospital_onset or source == "abdomen":
        return (PIPERACILLIN,)
    if source == "lung":
        return (CEFTRIAXONE, AZITHROMYCIN)
    return (CEFAZOLIN,) if source == "skin" else (CEFTRIAXONE,)
