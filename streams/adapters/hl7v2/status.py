"""OBX-11 and OBR-25: how far a result has come (tables 0085 and 0123)."""

from __future__ import annotations

from typing import Literal


Standing = Literal["preliminary", "final", "corrected", "deleted", "none", "unknown"]
"""`none`: there is no result (yet); `deleted`: there never was."""

_OF_RESULT: dict[str, Standing] = {
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "F": "final",
    "U": "final",
    "V": "final",
    "C": "corrected",
    "A": "corrected",
    "B": "corrected",
    "D": "deleted",
    "W": "deleted",
    "X": "deleted",
    "I": "none",
    "N": "none",
    "O": "none",
}
_OF_REPORT: dict[str, Standing] = {
    "P": "preliminary",
    "R": "preliminary",
    "A": "preliminary",
    "M": "preliminary",
    "F": "final",
    "C": "corrected",
    "X": "deleted",
    "I": "none",
    "O": "none",
    "S": "none",
    "Y": "none",
    "Z": "none",
}
RANK: dict[Standing, int] = {"preliminary": 0, "final": 1, "corrected": 2, "deleted": 3}
"""Of two versions issued in one second, which is the later."""


def standing(of_result: str, of_report: str) -> Standing:
    """By OBX-11; where it is empty by OBR-25; final where both are."""
    if of_result:
        return _OF_RESULT.get(of_result) or _OF_RESULT.get(of_result.upper(), "unknown")
    if of_report:
        told = _OF_REPORT.get(of_report.upper(), "unknown")
        return "final" if told == "none" else told
    return "final"


def report_standing(of_report: str) -> Standing:
    """By OBR-25 alone; final where it is empty."""
    return _OF_REPORT.get(of_report.upper(), "unknown") if of_report else "final"
