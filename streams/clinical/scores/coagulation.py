"""Clotting in sepsis: sepsis-induced coagulopathy (SIC), and overt DIC by ISTH.

Iba T et al., BMJ Open 2017;7:e017046 (SIC); Taylor FB et al., Thromb Haemost
2001;86:1327-1330 (ISTH).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, nextafter
from typing import Literal

from streams.clinical.scores.organ import OrganName
from streams.clinical.scores.points import Band, BandAbove, Bands
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.score import Score, worst_of
from streams.clinical.scores.sofa_day import day_at
from streams.clinical.scores.values import Value, banded, values
from streams.clinical.timeline import Timeline
from streams.vocabulary.messages import Component
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


SIC_INR: Bands = (
    BandAbove(1.4, inf, 2),
    BandAbove(1.2, 1.4, 1),
    BandAbove(-inf, 1.2, 0),
)
"""Ratio (Iba 2017, table 3)."""

SIC_PLATELETS: Bands = (
    Band(-inf, 100, 2),
    Band(100, 150, 1),
    Band(150, inf, 0),
)
"""10*3/uL."""

SIC_ORGANS: tuple[OrganName, ...] = (
    "respiration",
    "cardiovascular",
    "liver",
    "renal",
)
"""The organs of SOFA that SIC adds up, to at most 2 points."""

DIC_PLATELETS: Bands = (
    Band(-inf, 50, 2),
    Band(50, 100, 1),
    Band(100, inf, 0),
)
"""10*3/uL."""

PROLONGATION: Bands = (Band(6, inf, 2), Band(3, 6, 1), Band(-inf, 3, 0))
"""Seconds of prothrombin time over the upper limit of normal: 3 s count."""

PROLONGATION_ABOVE: Bands = (
    BandAbove(6, inf, 2),
    BandAbove(3, 6, 1),
    BandAbove(-inf, 3, 0),
)
"""The same where 3 s do not count, as other restatements have it."""

DIC_FIBRINOGEN: Bands = (Band(-inf, 100, 1), Band(100, inf, 0))
"""mg/dL; 1 g/L is 100."""

Marker = Literal["d_dimer_feu", "d_dimer_ddu", "fdp"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FibrinAssay:
    """What one laboratory calls a moderate and a strong rise, in the concept's unit.

    mg/L FEU for `d_dimer_feu`, mg/L DDU for `d_dimer_ddu`, µg/mL for `fdp`: each of
    them has cut-offs of its own, and none is ever converted into another.
    """

    marker: Marker
    moderate: float
    """From here on."""
    strong: float
    """Above this."""
    source: str

    @property
    def bands(self) -> Bands:
        """0, 2 and 3 points."""
        above = nextafter(self.strong, inf)
        return (
            Band(above, inf, 3),
            Band(self.moderate, above, 2),
            Band(-inf, self.moderate, 0),
        )


def by_upper_limit(marker: Marker, limit: float) -> FibrinAssay:
    """Moderate from twice, strong above four times the upper limit of normal."""
    return FibrinAssay(
        marker=marker,
        moderate=2 * limit,
        strong=4 * limit,
        source="2-4 times the upper limit of normal (J Res Med Sci 2021;26:102)",
    )


FDP = FibrinAssay(
    marker="fdp",
    moderate=10.0,
    strong=25.0,
    source="10-25 mg/L (J Res Med Sci 2021;26:102)",
)

Pick = Literal["latest", "worst"]
"""Of several results in the window: the last, or the worst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SicPolicy:
    """One reading of SIC."""

    window: timedelta = timedelta(hours=24)
    """How old a result may be; ours, as SOFA's."""

    pick: Pick = "latest"
    """The paper scores a day's values and does not say which."""

    sofa: SofaPolicy = field(default_factory=SofaPolicy)
    """How SOFA is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DicPolicy:
    """One laboratory's reading of overt DIC."""

    assays: tuple[FibrinAssay, ...] = (by_upper_limit("d_dimer_feu", 0.5), FDP)
    """The markers that count, each with its own cut-offs, for the site to set.

    A D-dimer in DDU counts only where the site names its cut-offs.
    """

    pt_upper: float | None = None
    """Upper limit of normal of the prothrombin time in seconds; None: not known, so
    that no prolongation can be told."""

    prolongation: Bands = PROLONGATION
    """Whether exactly 3 and 6 s count (`PROLONGATION`) or not (`PROLONGATION_ABOVE`)."""

    window: timedelta = timedelta(hours=24)
    """How old a result may be; ours."""

    pick: Pick = "latest"
    """Of several results in the window."""


SIC = SicPolicy()
OVERT_DIC = DicPolicy()


def sic(timeline: Timeline, at: datetime, *, policy: SicPolicy = SIC) -> Score:
    """The three parts of SIC; whether it is there, `has_sic` tells."""
    parts = [
        _measured(timeline, at, policy.window, policy.pick, "inr", SIC_INR),
        _measured(timeline, at, policy.window, policy.pick, "platelets", SIC_PLATELETS),
    ]
    missing = [part.name for part in parts if part.points is None]
    organs, unseen = _organs(timeline, at, policy)
    return Score(
        name="sic",
        at=at,
        components=(*parts, organs),
        missing=(*missing, *unseen),
    )


def has_sic(score: Score) -> Truth3:
    """At least 4 points, of which more than 2 are of INR and platelets."""
    clotting = score.components[:2]
    least, most = (sum(c.lower for c in clotting), sum(c.upper for c in clotting))
    if score.lower >= 4 and least > 2:
        return TRUE
    return FALSE if score.upper < 4 or most <= 2 else UNKNOWN


def overt_dic(
    timeline: Timeline, at: datetime, *, policy: DicPolicy = OVERT_DIC
) -> Score:
    """The four parts of ISTH's score; whether DIC is overt, `has_overt_dic` tells."""
    reach, pick = policy.window, policy.pick
    fibrin = [
        _measured(timeline, at, reach, pick, assay.marker, assay.bands)
        for assay in policy.assays
    ]
    parts = (
        _measured(timeline, at, reach, pick, "platelets", DIC_PLATELETS),
        worst_of("fibrin_marker", [f for f in fibrin if f.points is not None], most=3),
        _prolongation(timeline, at, policy),
        _measured(timeline, at, reach, pick, "fibrinogen", DIC_FIBRINOGEN),
    )
    missing = [part.name for part in parts if part.points is None]
    if policy.pt_upper is None:
        if values(timeline, "pt", at - policy.window, at):
            missing.remove("pt")
        missing.append("pt_upper")
    return Score(name="overt_dic", at=at, components=parts, missing=tuple(missing))


def has_overt_dic(score: Score) -> Truth3:
    """At least 5 points, in a patient with a disorder known to bring DIC about."""
    if score.lower >= 5:
        return TRUE
    return FALSE if score.upper < 5 else UNKNOWN


def _measured(
    timeline: Timeline,
    at: datetime,
    window: timedelta,
    pick: Pick,
    concept: str,
    bands: Bands,
) -> Component:
    found = values(timeline, concept, at - window, at)
    return _picked(concept, [banded(concept, one, bands) for one in found], pick, bands)


def _picked(name: str, parts: list[Component], pick: Pick, bands: Bands) -> Component:
    if pick == "latest" and parts:
        return parts[-1]
    return worst_of(name, parts, most=max(band.points for band in bands))


def _prolongation(timeline: Timeline, at: datetime, policy: DicPolicy) -> Component:
    limit = policy.pt_upper
    found: Iterable[Value] = ()
    if limit is not None:
        found = values(timeline, "pt", at - policy.window, at)
    bands = () if limit is None else tuple(_shifted(policy.prolongation, limit))
    parts = [banded("pt", one, bands) for one in found]
    return _picked("pt", parts, policy.pick, policy.prolongation)


def _shifted(bands: Bands, by: float) -> Iterable[Band]:
    """The bands of a prolongation as bands of the time itself.

    Rounded to a millionth of a second, so that 15.5 s are 3 s over 12.5 s.
    """
    for band in bands:
        yield type(band)(round(band.low + by, 6), round(band.high + by, 6), band.points)


def _organs(
    timeline: Timeline, at: datetime, policy: SicPolicy
) -> tuple[Component, list[str]]:
    day = day_at(timeline, policy.sofa, at)
    parts = [part for part in day.components if part.name in SIC_ORGANS]
    unseen = [part.name for part in parts if part.points is None]
    known = len(unseen) < len(parts)
    lower = min(2, sum(part.lower for part in parts))
    return Component(
        name="sofa",
        points=lower if known else None,
        lower=lower,
        upper=min(2, sum(part.upper for part in parts)),
        evidence=tuple(dict.fromkeys(e for part in parts for e in part.evidence)),
    ), unseen
