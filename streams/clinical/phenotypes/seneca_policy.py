"""What the SENECA script and paper leave open, as named arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from streams.clinical.markers.readings import Implausible


@dataclass(frozen=True, slots=True, kw_only=True)
class SenecaPolicy:
    """One reading of the assignment."""

    compat: Literal["all29", "script"] = "all29"
    """`all29`: the distance over all variables, as the paper describes.
    `script`: as the published script computes it: its columns are counted one too far
    (`2:n.features+1`), so that age is left out."""

    crp: Literal["left_out", "mg/L", "mg/dL"] = "left_out"
    """In which unit the centroids read C-reactive protein.  The script says mg/L; the
    derivation mean (4.5 as a geometric mean) and the repository's mock data (0.5 to
    16.3) speak for mg/dL.  `left_out`: not used."""

    missing: Literal["skip", "derivation_mean"] = "skip"
    """A variable that was not seen: left out of all four distances (what the script's
    sum does), or put at the derivation mean.  The script's own imputation needs a
    cohort (missRanger) and cannot be done for one patient."""

    least: int = 20
    """With fewer variables there is no label (ours)."""

    within: timedelta = timedelta(hours=6)
    """How long from presentation values count (JAMA 2019; from memory)."""

    worst: Literal["by_table", "farthest_from_mean", "first"] = "by_table"
    """Of several values the most abnormal (JAMA 2019; from memory): by the direction
    in the table (ours), farthest from the derivation mean, or the first instead."""

    zero: Literal["floor", "left_out"] = "floor"
    """A result of nought where a logarithm is taken: half of what is usually the least
    reported, and said so; or not used.  The script makes it minus infinity."""

    censored: Literal["half_or_bound", "left_out"] = "half_or_bound"
    """`<x` as x/2, `>x` as x, a range as its middle, and said so; or not used."""

    implausible: Implausible = "counts"
    """Values flagged as implausible."""


DEFAULT = SenecaPolicy()
SCRIPT = SenecaPolicy(compat="script", crp="mg/L")
"""As the published script reads what is there."""
