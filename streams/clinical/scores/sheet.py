"""The rows of SOFA of one stay: computed when asked for, kept until a fact says no.

A row's day is the worst of its own hour and the 23 before (mimic-code `sofa.sql`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.scores.cardiovascular import Running, cardiovascular
from streams.clinical.scores.chart import PATIENT, Chart, Scope
from streams.clinical.scores.cns import cns
from streams.clinical.scores.drips import Drip, drips, has_run
from streams.clinical.scores.hours import end_of, hour_of, hours_crossed
from streams.clinical.scores.laboratory import coagulation, liver
from streams.clinical.scores.organ import ORGANS, OrganHour
from streams.clinical.scores.points import VASOACTIVES, WORST
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.renal import renal
from streams.clinical.scores.respiration import respiration
from streams.clinical.scores.ventilation import Episode, invasive_episodes
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Measurement
from streams.vocabulary.messages import Component


DAY_ROWS = 24

Points = tuple[int | None, ...]
"""Of the six organs, in order; None where nothing is known."""

_INPUTS: tuple[dict[str, int], ...] = (
    {"pao2_fio2": WORST, "ventilation": 0},
    {"platelets": WORST},
    {"bilirubin": WORST},
    {"map": 1},
    {"gcs": WORST},
    {"creatinine": WORST, "urine": WORST},
)
"""By organ: its inputs, and the most points a missing one could add.

That ventilation is not known is counted where the gas is read.
"""


VESSELS = ORGANS.index("cardiovascular")

CHARTED: tuple[tuple[str, ...], ...] = (
    ("measurement:pao2",),
    ("measurement:platelets",),
    ("measurement:bilirubin_total",),
    ("measurement:map",),
    (
        *("assessment:gcs_eye", "assessment:gcs_verbal"),
        *("assessment:gcs_motor", "assessment:gcs_total"),
    ),
    ("measurement:creatinine", "fluid:urine", "fluid:gu_irrigant"),
)
"""By organ: the lanes without a fact of which an hour has seen nothing of it; the
infusions that run through an hour apart."""

OrganDay = tuple[Component, tuple[str, ...]]
"""One organ over 24 hours, and its inputs that were not seen."""


@dataclass(frozen=True, slots=True)
class Day:
    """The six organs over the 24 hours up to one moment."""

    components: tuple[Component, ...]
    missing: tuple[str, ...]

    @property
    def total(self) -> int:
        """The points that the facts establish."""
        return sum(c.points or 0 for c in self.components)


def whole_day(organs: Sequence[OrganDay]) -> Day:
    """All organs together."""
    return Day(
        tuple([component for component, _ in organs]),
        tuple([name for _, lacking in organs for name in lacking]),
    )


def worst_row(organ: int, rows: Sequence[OrganHour], policy: SofaPolicy) -> OrganDay:
    """One organ over its rows of 24 hours, by time; which inputs were not seen."""
    seen = frozenset[str]().union(*[row.seen for row in rows])
    lacking = tuple([given for given in _INPUTS[organ] if given not in seen])
    points = max([r.points for r in rows if r.points is not None], default=None)
    upper = max([row.upper for row in rows])
    if points is None and not upper:
        upper = WORST
    upper = max([upper, *(_INPUTS[organ][given] for given in lacking)])
    evidence = next((r.evidence for r in rows if r.points == points), ())
    if points is None and policy.missing == "normal":
        points, evidence = 0, ()
    component = Component(
        name=ORGANS[organ],
        points=points,
        lower=points or 0,
        upper=upper,
        evidence=evidence,
    )
    return component, lacking


def is_over(organ: int, policy: SofaPolicy) -> bool:
    """Whether what happens later than a row of the patient's says nothing of it.

    Of the vessels it does where a drug was infused.
    """
    if ORGANS[organ] == "respiration":
        return policy.ventilation != "charted_episodes"
    return policy.urine_origin != "first_heart_rate"


@part
def row_over(
    timeline: Timeline, organ: int, hour: int, policy: SofaPolicy
) -> OrganHour:
    """A row of the patient's that is over: the same at whatever later moment.

    That of the vessels is told without any drug.
    """
    end = end_of(hour)
    chart = Chart(timeline, policy)
    match ORGANS[organ]:
        case "respiration":
            return respiration(chart, end - HOUR, end, ())
        case "coagulation":
            return coagulation(chart, end - HOUR, end)
        case "liver":
            return liver(chart, end - HOUR, end)
        case "cardiovascular":
            return cardiovascular(chart, end - HOUR, end, {})
        case "cns":
            return cns(chart, end - HOUR, end)
        case _:
            return renal(chart, end - HOUR, end)


class Sheet:
    """The rows of one stay, or of the patient."""

    __slots__ = (
        "_beats",
        "_drips",
        "_episodes",
        "_grid",
        "_last",
        "_organs",
        "_rows",
        "_worst",
        "chart",
    )

    def __init__(
        self,
        timeline: Timeline,
        policy: SofaPolicy,
        *,
        scope: Scope = PATIENT,
        now: datetime | None = None,
    ) -> None:
        self.chart = Chart(timeline, policy, scope, now)
        self._organs: tuple[Callable[[datetime, datetime], OrganHour], ...] = (
            self._respiration,
            lambda after, until: coagulation(self.chart, after, until),
            lambda after, until: liver(self.chart, after, until),
            self._cardiovascular,
            lambda after, until: cns(self.chart, after, until),
            lambda after, until: renal(self.chart, after, until),
        )
        self.forget_all()

    def forget_all(self) -> None:
        """Nothing computed so far stands."""
        self._rows: list[dict[int, OrganHour]] = [{} for _ in ORGANS]
        self._worst: list[dict[int, int | None]] = [{} for _ in ORGANS]
        self._last = 0
        self._drips: dict[str, list[Drip]] | None = None
        self._episodes: list[Episode] | None = None
        self._grid: range | None = None
        self._beats: tuple[datetime, datetime] | None = None

    def forget(self, organ: int, first: int, last: int) -> None:
        """These rows of that organ no longer stand, nor the days they are part of."""
        rows, worst = self._rows[organ], self._worst[organ]
        if last - first > DAY_ROWS * 2:
            self._forget_many(organ, first, last)
            return
        for row in range(first, min(last, self._last) + 1):
            rows.pop(row, None)
        for row in range(first, min(last + DAY_ROWS - 1, self._last) + 1):
            worst.pop(row, None)

    def forget_drips(self) -> None:
        """An infusion began, changed or ended."""
        self._drips = None

    def forget_support(self) -> None:
        """Something about the support of breathing was charted."""
        self._episodes = None

    def heart_rate(self, moment: datetime, *, removed: bool) -> bool:
        """A heart rate came or went; whether all rows have to be computed anew."""
        beats = self._beats
        if removed or beats is None or moment < beats[0]:
            self.forget_all()
            return True
        if moment > beats[1]:
            self._beats, self._grid = (beats[0], moment), None
        return False

    @property
    def grid(self) -> range:
        """The rows this stay has: from its first heart rate to its last.

        mimic-code `icustay_hourly.sql`: the first row ends at the full hour at or after
        the first; their number is counted in hour boundaries.
        """
        if self._grid is None:
            self._grid = self._heart_rate_rows()
        return self._grid

    def row(self, organ: int, hour: int) -> OrganHour:
        """One organ in one hour, of what has happened by now."""
        found = self._rows[organ].get(hour)
        if found is None:
            end = end_of(hour)
            now = self.chart.now
            until = end if now is None or now > end else now
            if until is end and self._is_over(organ):
                chart = self.chart
                found = row_over(chart.timeline, organ, hour, chart.policy)
            else:
                found = self._organs[organ](end - HOUR, until)
            self._rows[organ][hour] = found
            self._last = max(self._last, hour)
        return found

    def row_until(self, organ: int, hour: int, moment: datetime) -> OrganHour:
        """One organ in an hour that is not over, up to `moment`."""
        return self._organs[organ](end_of(hour) - HOUR, moment)

    def _is_over(self, organ: int) -> bool:
        chart = self.chart
        if chart.scope is not PATIENT or organ == VESSELS:
            return False
        return is_over(organ, chart.policy)

    def worst(self, organ: int, hour: int) -> int | None:
        """The most points of that organ in the 24 rows that end with this."""
        kept = self._worst[organ]
        if hour in kept:
            return kept[hour]
        newest = self.row(organ, hour).points
        left = self._rows[organ].get(hour - DAY_ROWS)
        if hour - 1 in kept and left is not None:
            before = kept[hour - 1]
            if left.points is None or (before is not None and left.points < before):
                kept[hour] = found = _worse(before, newest)
                return found
        kept[hour] = found = _worse(self._worst_before(organ, hour), newest)
        return found

    def points(self, hour: int) -> Points:
        """The worst of each organ in the 24 rows that end with this."""
        return tuple([self.worst(organ, hour) for organ in range(6)])

    def points_at(self, moment: datetime) -> Points:
        """The same, of what had happened by `moment`."""
        hour = hour_of(moment)
        now = [self.row_until(organ, hour, moment).points for organ in range(6)]
        before = [self._worst_before(organ, hour) for organ in range(6)]
        return tuple(map(_worse, now, before))

    def day(self, hour: int, moment: datetime | None = None) -> Day:
        """The 24 rows that end with this, in full; up to `moment` where that is given."""
        told = [self.organ_day(organ, hour, moment) for organ in range(len(ORGANS))]
        return whole_day(told)

    def organ_day(
        self, organ: int, hour: int, moment: datetime | None = None
    ) -> OrganDay:
        """The same of one organ, and which of its inputs were not seen."""
        first, last = hour - DAY_ROWS + 1, hour - 1
        rows = [self.row(organ, h) for h in self._charted(organ, first, last)]
        rows.append(
            self.row(organ, hour)
            if moment is None
            else self.row_until(organ, hour, moment)
        )
        return worst_row(organ, rows, self.chart.policy)

    def _charted(self, organ: int, first: int, last: int) -> Sequence[int]:
        """The rows in which something of the organ may have been seen."""
        if organ == VESSELS and self._infusions():
            return range(first, last + 1)
        after, until = end_of(first - 1), end_of(last)
        lanes = [self.chart.timeline.lane(name) for name in CHARTED[organ]]
        found = [fact for lane in lanes for fact in lane.between(after, until)]
        return sorted({hour_of(fact.happened_at) for fact in found})

    def _worst_before(self, organ: int, hour: int) -> int | None:
        kept = self._rows[organ]
        rows = [
            kept.get(row) or self.row(organ, row)
            for row in range(hour - DAY_ROWS + 1, hour)
        ]
        return max([r.points for r in rows if r.points is not None], default=None)

    def _respiration(self, after: datetime, until: datetime) -> OrganHour:
        by_episodes = self.chart.policy.ventilation == "charted_episodes"
        if by_episodes and self._episodes is None:
            self._episodes = invasive_episodes(self.chart)
        return respiration(self.chart, after, until, self._episodes or ())

    def _infusions(self) -> dict[str, list[Drip]]:
        if self._drips is None:
            found = {drug: drips(self.chart, drug) for drug in VASOACTIVES}
            self._drips = {drug: one for drug, one in found.items() if one}
        return self._drips

    def _cardiovascular(self, after: datetime, until: datetime) -> OrganHour:
        running: Running = {}
        least = self.chart.policy.vasoactive_least
        if self._infusions():
            running = {
                drug: [
                    d
                    for d in one
                    if self._counts(d, after, until) and has_run(d, one, until, least)
                ]
                for drug, one in self._infusions().items()
            }
        return cardiovascular(self.chart, after, until, running)

    def _counts(self, drip: Drip, after: datetime, until: datetime) -> bool:
        if self.chart.policy.vasoactives == "hour_end":
            return drip.runs_at(after + HOUR)
        return drip.overlaps(after, until)

    def _heart_rate_rows(self) -> range:
        if self._beats is None:
            self._beats = self._first_and_last_heart_rate()
        if self._beats is None:
            return range(0)
        first = hour_of(self._beats[0])
        return range(first, first + hours_crossed(*self._beats) + 1)

    def _first_and_last_heart_rate(self) -> tuple[datetime, datetime] | None:
        chart = self.chart
        lane = chart.timeline.all(Measurement, "measurement:heart_rate")
        moments = [
            f.happened_at
            for f in chart.of_stay(lane)
            if chart.counts(f.code) and chart.has_happened(f)
        ]
        return (moments[0], moments[-1]) if moments else None

    def _forget_many(self, organ: int, first: int, last: int) -> None:
        rows, worst = self._rows[organ], self._worst[organ]
        for kept in (rows, worst):
            for row in [row for row in kept if first <= row <= last + DAY_ROWS]:
                del kept[row]


def _worse(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)
