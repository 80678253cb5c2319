"""Where specimens are from, and what the names of organisms say.

The lists are ours, from general knowledge.
"""

from __future__ import annotations

from typing import Literal


Site = Literal["blood", "sterile", "open", "screen"]
"""Where a specimen is from: blood, another site where nothing grows in health, one
where something always may, or a swab that only looks for carriage."""

_SCREENS = ("screen", "surveillance", "nares", "rectal")
_VIRAL = ("viral", "virus")
"""A viral screen looks for illness, not for carriage."""
_FLUID_IN_BOTTLES = "blood culture bottle"
"""`FLUID RECEIVED IN BLOOD CULTURE BOTTLES`: ascites and the like, not blood."""
_STERILE = (
    *("csf", "cerebrospinal", "spinal fluid", "pleural", "peritoneal", "ascit"),
    *("joint", "synovial", "pericardial", "dialysate", "dialysis", "bile", "tissue"),
    *("biopsy", "abscess", "bone", "vitreous", "amniotic"),
)
_REACTIVATING = (
    *("cytomegalovirus", "cmv", "herpes", "hsv", "epstein", "ebv", "hhv"),
    *("varicella", "vzv", "zoster", "torque teno", "bk virus", "polyoma"),
)
_FLORA = ("flora", "mixed")
_CONTAMINATED = ("contaminat",)
_YEASTS = ("yeast", "candida")


def site_of(specimen: str) -> Site:
    """The sort of site a specimen is from, by its name."""
    name = specimen.casefold()
    if _has(name, _SCREENS) and not _has(name, _VIRAL):
        return "screen"
    if _FLUID_IN_BOTTLES in name:
        return "sterile"
    if "blood" in name:
        return "blood"
    return "sterile" if _has(name, _STERILE) else "open"


def is_reactivating(organism: str) -> bool:
    """Whether it is a virus that sleeps in most people; lower case."""
    return _has(organism, _REACTIVATING)


def is_flora(organism: str) -> bool:
    """Whether a report names no organism but what lives there; lower case."""
    return _has(organism, _FLORA)


def is_contaminated(organism: str) -> bool:
    """Whether the laboratory itself says so; lower case."""
    return _has(organism, _CONTAMINATED)


def is_yeast(organism: str) -> bool:
    """Whether it is one; lower case."""
    return _has(organism, _YEASTS)


def _has(name: str, words: tuple[str, ...]) -> bool:
    return any(word in name for word in words)
