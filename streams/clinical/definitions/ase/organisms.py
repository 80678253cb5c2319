"""Recognised pathogens and common commensals of the blood.

The toolkit excludes "common commensals" and points to NHSN's list (2018), which the
reference document does not print; the names here are those of its groups, from general
knowledge: partial evidence.
"""

from __future__ import annotations

from typing import Literal


Organism = Literal["pathogen", "commensal", "unidentified"]

COMMENSALS = (
    "coagulase negative",
    "coagulase-negative",
    "staphylococcus epidermidis",
    "staphylococcus hominis",
    "staphylococcus capitis",
    "staphylococcus haemolyticus",
    "staphylococcus warneri",
    "staphylococcus saprophyticus",
    "corynebacterium",
    "diphtheroid",
    "bacillus species",
    "bacillus cereus",
    "bacillus subtilis",
    "propionibacterium",
    "cutibacterium",
    "viridans",
    "streptococcus mitis",
    "streptococcus oralis",
    "streptococcus sanguinis",
    "streptococcus salivarius",
    "aerococcus",
    "micrococcus",
    "rhodococcus",
)
"""Lower case; what an organism's name contains."""

NOT_COMMENSALS = ("corynebacterium diphtheriae", "bacillus anthracis")

_UNNAMED = ("gram ", "gram-", "organism", "mixed flora", "unidentified", "negative")
"""What a report says before anything is identified (`GRAM POSITIVE COCCI`)."""


def organism(name: str | None) -> Organism:
    """What an organism of that name is taken for; nothing is guessed of a stain."""
    told = (name or "").lower().replace(",", " ")
    told = " ".join(told.split())
    if not told:
        return "unidentified"
    if not any(known in told for known in NOT_COMMENSALS) and any(
        known in told for known in COMMENSALS
    ):
        return "commensal"
    unnamed = told.startswith(_UNNAMED[0:2]) or any(w in told for w in _UNNAMED[2:])
    return "unidentified" if unnamed else "pathogen"
