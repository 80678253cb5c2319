"""SOFA (1996) of the first day in an ICU: one score a stay.

Vincent JL et al., Intensive Care Med 1996;22:707-710; the window and the inputs as in
mimic-code's `first_day_sofa.sql` and the `first_day_*` concepts it reads (MIT,
github.com/MIT-LCP/mimic-code, commit 8bcbd190).
It is not the first row of the hourly score: other windows, urine as a sum, and
laboratory values of the patient, not of the hospital stay.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Literal

from streams.clinical.scores.cardiovascular import Running, cardiovascular
from streams.clinical.scores.chart import Chart, Scope, back
from streams.clinical.scores.cns import cns
from streams.clinical.scores.drips import Drip, drips, has_run
from streams.clinical.scores.laboratory import coagulation, liver
from streams.clinical.scores.organ import (
    ORGANS,
    UNSEEN,
    OrganHour,
    OrganName,
    Reading,
    organ_hour,
    reading,
)
from streams.clinical.scores.points import (
    CREATININE,
    OXYGENATION_VENTILATED,
    URINE,
    VASOACTIVES,
    WORST,
    Band,
    Bands,
    points_of,
)
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.renal import creatinines
from streams.clinical.scores.respiration import respiration
from streams.clinical.scores.score import Score
from streams.clinical.scores.stays import UnitStay
from streams.clinical.scores.urine import charted_volumes
from streams.clinical.scores.ventilation import invasive_episodes
from streams.clinical.specification import Choice, Grade, Specification
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import DAY
from streams.vocabulary.messages import Component


NAME = "first_day_sofa"

_SEVERE_ONLY: Bands = (Band(-inf, 100, 4), Band(100, 200, 3), Band(200, inf, 0))
"""PaO2/FiO2 in mmHg with ventilatory support, as `first_day_sofa.sql` bands it."""

_INPUTS: dict[OrganName, dict[str, int]] = {
    "respiration": {"pao2_fio2": WORST},
    "coagulation": {"platelets": WORST},
    "liver": {"bilirubin": WORST},
    "cardiovascular": {"map": 1},
    "cns": {"gcs": WORST},
    "renal": {"creatinine": WORST, "urine": WORST},
}
"""By organ: its inputs, and the most points a missing one could add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstDayPolicy:
    """One reading of the first day."""

    sofa: SofaPolicy = field(default_factory=SofaPolicy)
    """What the organs leave open; `hours`, `vasoactives` and the arguments about urine
    do not apply."""

    before: timedelta = timedelta(hours=6)
    """How long before entering the unit a fact counts; not urine (mimic-code)."""

    after: timedelta = DAY
    """How long after, this instant included (mimic-code)."""

    oxygenation: Literal["published", "severe_only"] = "published"
    """PaO2/FiO2 of 200 to 400 mmHg under ventilation: 2 points and 1 (Vincent 1996),
    or 0 (mimic-code's `first_day_sofa.sql`, unlike its hourly `sofa.sql`)."""

    infusions: Literal["running", "begun"] = "running"
    """Which rates count: of every drip that ran in the window, or of those begun or
    changed in it (mimic-code)."""

    urine: Literal["whole_day", "as_charted"] = "whole_day"
    """The volume counts once the patient was a day in the unit, or as it stands,
    however short the stay (mimic-code)."""


def first_day_sofa(
    timeline: Timeline,
    stay: UnitStay,
    *,
    policy: FirstDayPolicy = FirstDayPolicy(),
    now: datetime | None = None,
) -> Score:
    """The worst of each organ from shortly before a stay until its first day is over.

    Of the facts that have happened by `now`; None: of all.
    An organ of which nothing was seen has no points, and the bounds tell the rest.
    """
    day = _Day(timeline, stay, policy, now)
    hours = (
        day.lungs(),
        coagulation(day.patient, day.after, day.until),
        liver(day.patient, day.after, day.until),
        cardiovascular(day.chart, day.after, day.until, day.running()),
        cns(day.chart, day.after, day.until),
        day.kidney(),
    )
    organs = dict(zip(ORGANS, hours, strict=True))
    return Score(
        name=NAME,
        at=day.until,
        components=tuple(_component(name, hour) for name, hour in organs.items()),
        missing=tuple(
            given
            for name, hour in organs.items()
            for given in _INPUTS[name]
            if given not in hour.seen
        ),
    )


class _Day:
    """The window of one stay, and what is read from it in a way of its own."""

    def __init__(
        self,
        timeline: Timeline,
        stay: UnitStay,
        policy: FirstDayPolicy,
        now: datetime | None,
    ) -> None:
        ends = stay.entered + policy.after
        self.policy, self.stay, self.ends = policy, stay, ends
        self.after = back(stay.entered - policy.before)
        self.until = ends if now is None else min(now, ends)
        scope = Scope(stay.stay, stay.encounter)
        self.chart = Chart(timeline, policy.sofa, scope=scope, now=now)
        self.patient = Chart(timeline, policy.sofa, now=now)
        """Laboratory values count whatever stay they were filed under."""

    def lungs(self) -> OrganHour:
        by_episodes = self.policy.sofa.ventilation == "charted_episodes"
        severe_only = self.policy.oxygenation == "severe_only"
        return respiration(
            self.chart,
            self.after,
            self.until,
            invasive_episodes(self.chart) if by_episodes else (),
            under_support=_SEVERE_ONLY if severe_only else OXYGENATION_VENTILATED,
        )

    def running(self) -> Running:
        told = {drug: drips(self.chart, drug) for drug in VASOACTIVES}
        least = self.policy.sofa.vasoactive_least
        return {
            drug: [
                drip
                for drip in found
                if self._counts(drip) and has_run(drip, found, self.until, least)
            ]
            for drug, found in told.items()
        }

    def kidney(self) -> OrganHour:
        values = creatinines(self.patient, self.after, self.until)
        readings = [reading(CREATININE, f, self.policy.sofa) for f in values]
        highest = max((f.value for f in values if f.value is not None), default=None)
        urine = self._urine()
        volume = None
        if urine is not None:
            volume, evidence = urine
            points = points_of(URINE, volume)
            readings.append(Reading(points, points, evidence))
        if not readings:
            return UNSEEN
        there = (("creatinine", values), ("urine", urine))
        seen = frozenset(name for name, found in there if found)
        return organ_hour(readings, (volume, highest), seen)

    def _counts(self, drip: Drip) -> bool:
        if self.policy.infusions == "running":
            return drip.overlaps(self.after, self.until)
        return self.after < drip.start <= self.until

    def _urine(self) -> tuple[float, tuple[str, ...]] | None:
        """The volume of the day in the unit in mL, and its events."""
        if self.policy.urine == "whole_day" and not self._is_whole():
            return None
        entered = back(self.stay.entered)
        found = charted_volumes(self.chart, entered, self.until)
        if not found:
            return None
        return sum(ml for _, ml in found), tuple(f.event_id for f, _ in found)

    def _is_whole(self) -> bool:
        left = self.stay.left
        return self.until == self.ends and (left is None or left >= self.ends)


def _component(name: OrganName, hour: OrganHour) -> Component:
    lacking = [most for given, most in _INPUTS[name].items() if given not in hour.seen]
    unseen = [WORST] if hour == UNSEEN else []
    return Component(
        name=name,
        points=hour.points,
        lower=hour.lower,
        upper=max([hour.upper, *lacking, *unseen]),
        evidence=hour.evidence,
    )


SPEC = Specification(
    name=NAME,
    title="SOFA (1996) of the first day in an ICU",
    version="1996",
    grade=Grade.VERIFIED,
    grade_reason=(
        "Under mimic-code's reading equal to its table on the MIMIC-IV demo, whole rows."
    ),
    rule=(
        "Six organs, each with the worst of its values from 6 hours before the patient "
        "entered the ICU until 24 hours after, both ends included; the bands are those "
        "of the hourly score.\n\n"
        "Pressure, coma scale and vasoactive drips are those of the stay; platelets, "
        "bilirubin, creatinine and arterial gases are the patient's. Urine is the sum "
        "of the volumes charted in the 24 hours from entering."
    ),
    sources=(
        "Vincent JL et al., Intensive Care Med 1996;22:707-710",
        "MIT-LCP/mimic-code, first_day_sofa.sql, commit 8bcbd190, MIT",
    ),
    inputs=(
        "measurement:pao2",
        "measurement:fio2",
        "measurement:blood_gas_specimen",
        "measurement:o2_flow",
        "respiratory_support",
        "measurement:platelets",
        "measurement:bilirubin_total",
        "measurement:map",
        "infusion:",
        "assessment:gcs_eye",
        "assessment:gcs_verbal",
        "assessment:gcs_motor",
        "assessment:gcs_total",
        "measurement:creatinine",
        "fluid:urine",
        "fluid:gu_irrigant",
        "location",
    ),
    choices=(
        Choice(
            argument="oxygenation",
            default="published",
            readings=(
                "published: 2 points below 300 mmHg and 1 below 400, ventilated or not "
                "(Vincent 1996); severe_only: a ventilated patient has 4 points, 3 or "
                "none (mimic-code first_day_sofa.sql)"
            ),
        ),
        Choice(
            argument="infusions",
            default="running",
            readings=(
                "running: every drip that ran in the window; begun: those begun or "
                "changed in it (mimic-code)"
            ),
        ),
        Choice(
            argument="urine",
            default="whole_day",
            readings=(
                "whole_day: counts once a day has passed in the unit; as_charted: the "
                "sum as it stands (mimic-code)"
            ),
        ),
        Choice(
            argument="sofa",
            default="as `sofa`",
            readings="what the organs leave open, see sofa; its hours, vasoactives and arguments of urine do not apply",
        ),
        Choice(
            argument="before",
            default="6 h",
            readings="6 h before entering the unit: mimic-code; not for urine",
        ),
        Choice(
            argument="after",
            default="24 h",
            readings="24 h from entering, both ends included: mimic-code",
        ),
    ),
    traps=(
        (
            "`pre_sedation` looks here at what is charted of the tube, and not at drips: "
            "a scale charted under a sedative counts as it stands, for the table of 1996 "
            "has no word of sedation (decision 10). `gcs_sedation` and SOFA-2 look at "
            "the drips."
        ),
        (
            "FiO2 above 0.2 up to 1 under the unit % is a fraction under a wrong unit, and is "
            "read as one; from above 1 to below 20 nobody can say what is meant, and the "
            "number does not count."
        ),
        (
            "Under mimic-code's reading a ventilated patient with PaO2/FiO2 of 250 has "
            "no points, one breathing freely has 2."
        ),
        (
            "Under mimic-code's reading somebody who left after 3 hours with 150 mL of "
            "urine has 4 points."
        ),
        "Two stays close to each other share the laboratory values between them.",
    ),
)
