"""The search for organ dysfunction around one suspicion.

Rows are searched in order, once; a row is searched again only after a fact touched it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from streams.clinical.definitions.baselines import (
    at_admission,
    least_of_day,
    score_at_start,
    total,
)
from streams.clinical.definitions.chronic import Baseline
from streams.clinical.definitions.policies import Sepsis3Policy
from streams.clinical.definitions.suspicion import Suspicion
from streams.clinical.scores.hours import TICK, end_of, hour_of
from streams.clinical.scores.organ import ORGANS, OrganName
from streams.clinical.scores.points import WORST
from streams.clinical.scores.reach import sofa_rules
from streams.clinical.scores.sheet import Points, Sheet
from streams.vocabulary.clock import HOUR


_DAYS = timedelta(days=30)
"""How far back `least_seen` looks for an organ's best hour."""

_SEEN_BY: dict[OrganName, str] = {
    "respiration": "measurement:pao2",
    "coagulation": "measurement:platelets",
    "liver": "measurement:bilirubin_total",
}
"""The lane without which an organ has no points, of those that `chronic` names."""


@dataclass(frozen=True, slots=True)
class Dysfunction:
    """The first moment in the window at which the score was high enough."""

    row: int
    at: datetime
    score: int
    baseline: int
    """The part of the score that is old."""


@dataclass(slots=True)
class Search:
    """One suspicion's window, and how far it has been searched."""

    suspicion: Suspicion
    policy: Sepsis3Policy
    found: Dysfunction | None = None
    first: int = field(init=False)
    last: int = field(init=False)
    following: int = field(init=False)
    """The first row not yet searched."""
    _least: int | None = None
    """The least total of the window's rows before `_least_to`, for `cummin`."""
    _least_to: int | None = None

    def __post_init__(self) -> None:
        """Find the window's rows."""
        self.first = hour_of(self.opens)
        self.last = hour_of(self.closes)
        if self.policy.onset_at == "hour_end" and end_of(self.last) > self.closes:
            self.last -= 1
        self.following = self.first

    @property
    def opens(self) -> datetime:
        """The first instant at which dysfunction counts."""
        return self.suspicion.suspected_at - self.policy.before

    @property
    def closes(self) -> datetime:
        """The last."""
        return self.suspicion.suspected_at + self.policy.after

    def minds(self, row: int) -> bool:
        """Whether a fact that touches this row and later ones may change the search."""
        return row <= (self.last if self.found is None else self.found.row)

    def touched(self, row: int) -> None:
        """A fact may have changed this row and those after it."""
        if self.found is not None and row <= self.found.row:
            self.found = None
        if row < self.following:
            self.following = max(row, self.first)
        if self._least_to is not None and row < self._least_to:
            self._least = self._least_to = None

    def run(
        self, sheet: Sheet, chronic: Baseline, now: datetime | None
    ) -> Dysfunction | None:
        """Search what is not yet searched, of what has happened by `now`."""
        if self.found is not None:
            return self.found
        for row in self._rows(sheet, now):
            self.found = self._in_row(sheet, chronic, row)
            if self.found is not None:
                return self.found
            self.following = row if self._is_open(row, now) else row + 1
        return None

    def _rows(self, sheet: Sheet, now: datetime | None) -> range:
        """The rows still to be searched, of those there are by `now`."""
        start, end = self.following, self.last + 1
        if self.policy.sofa.hours == "icu_stay":
            start, end = max(start, sheet.grid.start), min(end, sheet.grid.stop)
        if now is not None and self.policy.onset_at == "hour_end":
            end = min(end, hour_of(now + TICK))
        elif now is not None:
            end = min(end, hour_of(now) + 1)
        return range(start, end)

    def _is_open(self, row: int, now: datetime | None) -> bool:
        return now is not None and end_of(row) > now

    def _in_row(self, sheet: Sheet, chronic: Baseline, row: int) -> Dysfunction | None:
        by_hour = self.policy.onset_at == "hour_end"
        whole = by_hour or end_of(row) <= self.closes
        points = sheet.points(row) if whole else sheet.points_at(self.closes)
        old = self._old(sheet, chronic, row, points)
        if not self._is_enough(points, old):
            return None
        if by_hour:
            return Dysfunction(row, end_of(row), total(points), old)
        return self._first_moment(sheet, chronic, row)

    def _is_enough(self, points: Points, old: int) -> bool:
        return total(points) - old >= self.policy.delta

    def _first_moment(
        self, sheet: Sheet, chronic: Baseline, row: int
    ) -> Dysfunction | None:
        """The observation in this row that made the points."""
        for moment in self._moments(sheet, row):
            points = sheet.points_at(moment)
            old = self._old(sheet, chronic, row, points)
            if self._is_enough(points, old):
                return Dysfunction(row, moment, total(points), old)
        return None

    def _moments(self, sheet: Sheet, row: int) -> Iterator[datetime]:
        start = end_of(row) - HOUR
        after = start
        if row == self.first:
            after = self.opens
            yield self.opens
        last = min(end_of(row), self.closes)
        last = last if sheet.chart.now is None else min(last, sheet.chart.now)
        moments = {
            fact.happened_at
            for lane in sofa_rules(self.policy.sofa)
            for fact in sheet.chart.timeline.lane(lane).between(after, last)
        }
        yield from sorted(moments)

    def _old(self, sheet: Sheet, chronic: Baseline, row: int, points: Points) -> int:
        """How many of these points are not new."""
        match self.policy.baseline:
            case "zero":
                return 0
            case "cummin":
                least = self._least_before(sheet, row)
                present = total(points)
                return present if least is None else min(least, present)
            case "start":
                first = score_at_start(sheet, self._first_row(sheet), row)
                return total(points) if first is None else first
            case "prior24":
                by_record = self.policy.prior24_sees == "record"
                opens = None if by_record else self._first_row(sheet)
                return least_of_day(sheet, opens, row, points)
            case "admission":
                return at_admission(sheet, self.suspicion, self.policy, row)
            case "prehospital":
                return sum(
                    min(now or 0, _best(sheet, organ, row) if old is None else old)
                    for organ, (now, old) in enumerate(
                        zip(points, chronic, strict=True)
                    )
                    if old != 0
                )

    def _least_before(self, sheet: Sheet, row: int) -> int | None:
        if self._least_to is None:
            self._least_to = self._first_row(sheet)
        for earlier in range(self._least_to, row):
            score = total(sheet.points(earlier))
            self._least = score if self._least is None else min(self._least, score)
        self._least_to = row
        return self._least

    def _first_row(self, sheet: Sheet) -> int:
        """The first row of the window that there is."""
        by_stay = self.policy.sofa.hours == "icu_stay"
        return max(self.first, sheet.grid.start) if by_stay else self.first


def _best(sheet: Sheet, organ: int, row: int) -> int:
    """The fewest points the organ was seen with in the days before this row.

    Where it was never seen before, all that is seen now may be old.
    """
    start = end_of(row) - HOUR
    facts = sheet.chart.timeline.lane(_SEEN_BY[ORGANS[organ]])
    rows = {hour_of(f.happened_at) for f in facts.between(start - _DAYS, start)}
    known = [p for r in rows if (p := sheet.row(organ, r).points) is not None]
    return min(known, default=WORST)
