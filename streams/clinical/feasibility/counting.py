"""Counts the courses of one domain, patient by patient; keeps no patient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import quantiles

from streams.clinical.feasibility.course import Course, Look, Stand
from streams.clinical.feasibility.report import (
    Asked,
    Attrition,
    Missing,
    Number,
    Reached,
    Spread,
    Times,
)
from streams.clinical.feasibility.shape import Line, Shape
from streams.vocabulary.clock import HOUR
from streams.vocabulary.messages import ScreeningStatus


@dataclass(slots=True)
class Tally:
    """Stays and the patients whose they are, counted as they come."""

    stays: int = 0
    patients: int = 0

    def add(self, stays: int) -> None:
        """One patient with so many of them."""
        self.stays += stays
        self.patients += stays > 0

    def number(self) -> Number:
        """As it is told."""
        return Number(stays=self.stays, patients=self.patients)


@dataclass(slots=True)
class DomainCounts:
    """What the courses of one domain came to so far."""

    shape: Shape
    screened: Tally = field(default_factory=Tally)
    in_window: Tally = field(default_factory=Tally)
    flagged: Tally = field(default_factory=Tally)
    eligible: Tally = field(default_factory=Tally)
    recruits: dict[str, list[datetime]] = field(default_factory=dict)
    """By site: when each patient was first possible."""
    eligible_patients: Counter[str] = field(default_factory=Counter)
    """By site."""
    _excluded: Counter[str] = field(default_factory=Counter)
    _unknown: Counter[str] = field(default_factory=Counter)
    _against: Counter[str] = field(default_factory=Counter)
    _gain: Counter[str] = field(default_factory=Counter)
    _kept_out: Counter[str] = field(default_factory=Counter)
    _to_the_end: Counter[str] = field(default_factory=Counter)
    _asked: Counter[str] = field(default_factory=Counter)
    _reached: Counter[tuple[str | None, ScreeningStatus]] = field(
        default_factory=Counter
    )
    _to_known: list[timedelta] = field(default_factory=list)
    _entry_to_possible: list[timedelta] = field(default_factory=list)
    _known_to_possible: list[timedelta] = field(default_factory=list)
    _left: list[timedelta] = field(default_factory=list)

    def add_patient(self, courses: Sequence[Course]) -> None:
        """All courses of one patient in this domain."""
        first = [(c, c.possible(self.shape)) for c in courses]
        possible = [(c, look) for c, look in first if look is not None]
        sure = [c for c in courses if _ever_eligible(c)]
        self.screened.add(len(courses))
        self.in_window.add(sum(bool(c.open_looks) for c in courses))
        self.flagged.add(len(possible))
        self.eligible.add(len(sure))
        if possible:
            site = possible[0][0].site
            moment = min(look.at for _, look in possible)
            self.recruits.setdefault(site, []).append(moment)
            self.eligible_patients[site] += bool(sure)
        for one, look in first:
            self._count(one, look)

    def attrition(self) -> tuple[Attrition, ...]:
        """Line by line, each screening left at the first that stood in its way.

        The first row is the window: who came only after it had closed.
        """
        return tuple(self._attrition())

    def missing(self) -> tuple[Missing, ...]:
        """The facts that were missing, the costliest first."""
        facts = {*self._kept_out, *self._to_the_end}
        rows = [
            Missing(
                fact=fact,
                kept_out=self._kept_out[fact],
                to_the_end=self._to_the_end[fact],
            )
            for fact in facts
        ]
        return tuple(sorted(rows, key=lambda m: (-m.kept_out, -m.to_the_end, m.fact)))

    def asked(self) -> tuple[Asked, ...]:
        """The lines that humans would have been asked."""
        return tuple(
            Asked(id=line.id, text=line.text, asked=self._asked[line.id])
            for line in self.shape.lines
            if self._asked[line.id]
        )

    def times(self) -> Times:
        """How long it took."""
        return Times(
            entry_to_known=spread(self._to_known),
            entry_to_possible=spread(self._entry_to_possible),
            known_to_possible=spread(self._known_to_possible),
            window_left=spread(self._left),
        )

    def reached(self) -> tuple[Reached, ...]:
        """The statuses that were ever reached: of the domain, then by intervention."""
        told = [name for name, _ in self._reached if name is not None]
        names = (None, *(n for n in self.shape.interventions if n in told))
        return tuple(
            Reached(
                intervention=name,
                ineligible=self._reached[name, "ineligible"],
                needs_data=self._reached[name, "needs_data"],
                needs_human=self._reached[name, "needs_human"],
                eligible=self._reached[name, "eligible"],
            )
            for name in names
        )

    def _count(self, one: Course, possible: Look | None) -> None:
        self._to_known.append(one.known_at - one.entered_at)
        statuses = {status for look in one.open_looks for status in look.statuses}
        self._reached.update(statuses)
        self._to_the_end.update(_lacking(one.open_looks[-1:]))
        self._gain.update(one.gains(self.shape))
        if possible is not None:
            self._asked.update(
                line for line, s in possible.stands.items() if s is Stand.ASKED
            )
            self._entry_to_possible.append(possible.at - one.entered_at)
            self._known_to_possible.append(possible.at - one.known_at)
            self._left.append(possible.deadline - possible.at)
        else:
            self._left_out(one)

    def _left_out(self, one: Course) -> None:
        closest = one.closest(self.shape)
        obstacle = one.first_obstacle(self.shape)
        if closest is None or obstacle is None:
            self._excluded[WINDOW.id] += 1
            return
        line, stand = obstacle
        first = self._excluded if stand is Stand.AGAINST else self._unknown
        first[line] += 1
        self._kept_out.update(_lacking([closest]))
        self._against.update(
            line for line, s in closest.stands.items() if s is Stand.AGAINST
        )

    def _attrition(self) -> Iterator[Attrition]:
        remaining = self.screened.stays
        for line in (WINDOW, *self.shape.lines):
            excluded, unknown = self._excluded[line.id], self._unknown[line.id]
            remaining -= excluded + unknown
            yield Attrition(
                id=line.id,
                part=line.part,
                text=line.text,
                intervention=line.intervention,
                excluded=excluded,
                unknown=unknown,
                remaining=remaining,
                against=excluded if line is WINDOW else self._against[line.id],
                gain=None if line is WINDOW else self._gain[line.id],
            )


WINDOW = Line(
    id="window",
    part="inclusion",
    text="The recruitment window is still open when the entry is known",
)
"""What is asked before every criterion."""


def _ever_eligible(one: Course) -> bool:
    return any((None, "eligible") in look.statuses for look in one.open_looks)


def spread(spans: Sequence[timedelta]) -> Spread:
    """Median and quartiles in hours, inside what was seen."""
    hours = [span / HOUR for span in spans]
    if not hours:
        return Spread(count=0)
    low, median, high = (
        quantiles(hours, n=4, method="inclusive") if len(hours) > 1 else hours * 3
    )
    return Spread(count=len(hours), low=low, median=median, high=high)


def _lacking(looks: Iterable[Look]) -> set[str]:
    """The facts without which data left a line open; the line, where none is named."""
    return {
        fact
        for look in looks
        for line, stand in look.stands.items()
        if stand is Stand.LACKING
        for fact in look.needs.get(line, (line,))
    }
