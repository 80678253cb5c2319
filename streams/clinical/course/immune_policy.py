"""What the immune course leaves open, as named arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from typing import Literal

from streams.clinical.markers.policy import DEFAULT as MARKER_DEFAULT
from streams.clinical.markers.policy import MarkerPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ImmunePolicy:
    """Which markers are signs of what, and what a day is."""

    hyper: tuple[str, ...] = ("mals",)
    """Markers of hyper-inflammation (ImmunoSep: ferritin above 4420 ng/mL)."""

    suppression: tuple[str, ...] = (
        "immunoparalysis_molecules",
        "immunoparalysis_percent",
    )
    """Markers of suppression (ImmunoSep, PROVIDE), each by its own assay."""

    markers: MarkerPolicy = MARKER_DEFAULT
    """How each marker is read."""

    combine: Literal["any_measured", "all_needed"] = "any_measured"
    """Several markers of one sign.  `any_measured`: those with a fresh result speak for
    it, since hardly any hospital has two assays of HLA-DR.  `all_needed`: to deny the
    sign, each of them must."""

    half_known: Literal["unknown", "what_is_known"] = "unknown"
    """One sign is there, of the other nobody knows: unknown, since the other decides
    what treatment may be given; or named by the sign that is there."""

    results_out: Literal["awaited", "not_awaited"] = "awaited"
    """Results of specimens taken by the end of a day: the day is provisional until the
    longest turnaround of its markers (6 h for HLA-DR) has passed, or confirmed when it
    is over (ours)."""

    days: Literal["since_onset", "calendar"] = "since_onset"
    """Days of 24 hours from onset, or the hospital's calendar days."""

    zone: tzinfo = UTC
    """The hospital's, for calendar days."""

    until: timedelta = timedelta(days=28)
    """How long after onset the course is told (ours)."""


DEFAULT = ImmunePolicy()
