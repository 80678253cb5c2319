"""Qualifying antimicrobial days, and whether they presume an infection (p. 5-8).

day        1   2   3   4   5   6   7   8
culture                C
window         [---------------]
pip-tazo   x   x   x   x   x                 begun before the window: none of its days
vancomycin             x   x   x   x   x     QAD 1 to 5
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from streams.clinical.definitions.ase.cultures import Culture
from streams.clinical.definitions.ase.days import HospitalDays, later
from streams.clinical.definitions.ase.doses import Course, Dose, courses
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.stays import End, EndName, Stay
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


Reason = Literal["enough_days", "waiting", "none_begun", "none_parenteral", "stopped"]
"""Why, where no `EndName` excused it."""


@dataclass(frozen=True, slots=True)
class Run:
    """Qualifying days without a break."""

    days: tuple[date, ...]
    drugs: tuple[str, ...]
    evidence: tuple[str, ...]

    @property
    def first(self) -> date:
        """The first qualifying antimicrobial day."""
        return self.days[0]

    @property
    def last(self) -> date:
        """The last so far; a dose was given on it."""
        return self.days[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Antimicrobials:
    """Whether the antimicrobials around a culture presume an infection."""

    presumed: Truth3
    reason: Reason | EndName
    run: Run | None
    begun_at: datetime | None
    """The first dose of the first qualifying day."""
    met_at: datetime | None
    """When that was certain."""
    fails_at: datetime
    """When it can no longer be, if nothing more is given."""
    over_at: datetime
    """When the days counted can no longer grow, if nothing more is given."""


def presumed_infection(
    culture: Culture,
    stay: Stay,
    given: Sequence[Dose],
    days: HospitalDays,
    policy: AsePolicy,
    now: datetime | None,
) -> Antimicrobials:
    """Judge the doses given by `now`."""
    search = _Search(culture, stay, given, days, policy)
    run = search.run
    begun = search.begun_at(run) if run else None
    excused = search.excuse(run) if run else None
    parenteral = search.parenteral_at
    enough = run is not None and len(run.days) >= policy.needed_days
    fails, over = search.fails_at(), search.over_at(run)
    if run and parenteral is not None and (enough or excused is not None):
        by = search.enough_at(run) if enough or excused is None else excused.at
        reason = "enough_days" if enough or excused is None else excused.name
        met = max(by, parenteral)
        if now is None or met <= now:
            return Antimicrobials(
                presumed=TRUE,
                reason=reason,
                run=run,
                begun_at=begun,
                met_at=met,
                fails_at=fails,
                over_at=over,
            )
        fails = max(fails, met)
    failed = now is None or fails <= now
    return Antimicrobials(
        presumed=FALSE if failed else UNKNOWN,
        reason=search.reason(run) if failed else "waiting",
        run=run,
        begun_at=begun,
        met_at=None,
        fails_at=fails,
        over_at=over,
    )


class _Search:
    """The runs of one window."""

    def __init__(
        self,
        culture: Culture,
        stay: Stay,
        given: Sequence[Dose],
        days: HospitalDays,
        policy: AsePolicy,
    ) -> None:
        self.culture, self.stay, self.given = culture, stay, given
        self.days, self.policy = days, policy
        self.courses = courses(given)
        self.new = [c for c in self.courses if culture.holds(c.first)]
        self.runs = [_run(start, self.courses) for start in self._starts()]
        self.run = self._best()

    @property
    def closes(self) -> datetime:
        """The first instant after the window."""
        return self.days.end(self.culture.last)

    @property
    def parenteral_at(self) -> datetime | None:
        """When a new parenteral antimicrobial was given in the window."""
        found = (
            dose.at
            for course in self.new
            for dose in course.doses
            if dose.parenteral and self._is_new(dose, course)
        )
        return min(found, default=None)

    def begun_at(self, run: Run) -> datetime:
        """The first dose of a run."""
        return min(c.doses[0].at for c in self.courses if c.first == run.first)

    def enough_at(self, run: Run) -> datetime:
        """The dose that made the run long enough."""
        enough = run.days[self.policy.needed_days - 1]
        bridged = later(enough, 1)
        for number, dose in enumerate(self.given, 1):
            if enough <= dose.day <= bridged:
                so_far = _run(run.first, courses(self.given[:number]))
                if len(so_far.days) >= self.policy.needed_days:
                    return dose.at
        raise ValueError("the run is not long enough")

    def excuse(self, run: Run) -> End | None:
        """What ended the chance of more days, if the run reached it."""
        reached = [
            end for end in self.stay.ends if run.first <= end.day <= later(run.last, 1)
        ]
        return min(reached, key=lambda end: (end.at, end.event_id), default=None)

    def fails_at(self) -> datetime:
        """The earliest moment at which nothing given later can help."""
        ends = [self.closes if self.policy.first_qad == "any_day" else None]
        ends += [self._broken_at(run) for run in self.runs]
        enough = any(len(r.days) >= self.policy.needed_days for r in self.runs)
        told = [end for end in ends if end is not None]
        fails = [max(told)] if told and self.runs and not enough else []
        if not self.runs or self.parenteral_at is None:
            fails.append(self.closes)
        fails += [] if self.stay.settled_at is None else [self.stay.settled_at]
        return min(fails, default=self.closes)

    def over_at(self, run: Run | None) -> datetime:
        """When the run can no longer grow."""
        over = self.closes if run is None else self._broken_at(run)
        settled = self.stay.settled_at
        return over if settled is None else min(over, settled)

    def reason(self, run: Run | None) -> Reason:
        """Why no infection is presumed."""
        if run is None:
            return "none_begun"
        enough = len(run.days) >= self.policy.needed_days
        if self.parenteral_at is None and enough:
            return "none_parenteral"
        return "stopped"

    def _starts(self) -> Iterator[date]:
        """The days on which the count may begin."""
        starts = sorted({course.first for course in self.new})
        yield from starts[:1] if self.policy.first_qad == "first_day" else starts

    def _best(self) -> Run | None:
        """The first run that is long enough or excused, else the last begun."""
        enough = [r for r in self.runs if len(r.days) >= self.policy.needed_days]
        excused = [r for r in self.runs if self.excuse(r) is not None]
        return next(iter([*enough, *excused, *self.runs[-1:]]), None)

    def _is_new(self, dose: Dose, course: Course) -> bool:
        if self.policy.parenteral == "first_dose":
            return dose.day == course.first
        return self.culture.holds(dose.day)

    def _broken_at(self, run: Run) -> datetime:
        """After two days without a dose a run is over: none could bridge them."""
        return self.days.end(later(run.last, 2))


def _run(start: date, known: Sequence[Course]) -> Run:
    """The days from `start` that courses begun since then cover."""
    eligible = [course for course in known if course.first >= start]
    found = [start]
    while any(course.covers(later(found[-1], 1)) for course in eligible):
        found.append(later(found[-1], 1))
    part = [c for c in eligible if any(c.covers(day) for day in found)]
    return Run(
        days=tuple(found),
        drugs=tuple(dict.fromkeys(course.drug for course in part)),
        evidence=tuple(
            dict.fromkeys(
                d.event_id for c in part for d in c.doses if d.day <= found[-1]
            )
        ),
    )
