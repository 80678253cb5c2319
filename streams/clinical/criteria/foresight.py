"""Until when a judgement holds: found by the judge itself, which cannot forget a window.

A judge that is marked with `foreseen` is a function of the rule, the view and the
moment.  It is handed a moment that notes each comparison which time alone will turn
(`tracking.moment`), and asked again there, until it says something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import TypeVar

from streams.clinical.criteria.judgement import Judge, Judgement, PatientView
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.moment import NEVER, Watch
from streams.clinical.tracking.view import Reads, View


RuleT = TypeVar("RuleT")

TURNS = 64
"""How many turns ahead are looked at; where none changes the truth, the last is told,
which is early and never late."""


def foreseen(judge: Callable[[RuleT, PatientView, datetime], Judgement]) -> Judge:
    """The same judge, which also says when time alone changes the truth."""

    @wraps(judge)
    def told(rule: RuleT, view: PatientView, now: datetime) -> Judgement:
        said, turn = _watched(judge, rule, view, now)
        for _ in range(TURNS):
            if turn >= NEVER:
                return said
            then, later = _watched(judge, rule, view, turn)
            if then.truth is not said.truth:
                break
            turn = later
        return replace(said, changes_at=turn)

    return told


def _watched(
    judge: Callable[[RuleT, PatientView, datetime], Judgement],
    rule: RuleT,
    view: PatientView,
    now: datetime,
) -> tuple[Judgement, datetime]:
    """What it says at `now`, and the first moment at which that may turn."""
    watch = Watch(now)
    timeline = View(view.timeline, watch)
    said = judge(rule, view.over(timeline), watch.moment())
    note(view.timeline, _read(timeline.reads))
    return said, watch.until


def note(timeline: Timeline, names: Iterable[str]) -> None:
    """Read these lanes of a timeline, which may keep a note of what is read of it.

    Who looks at the facts behind it (a tracker, a watch) leaves none there.
    """
    for name in names:
        if name.endswith(":"):
            timeline.lanes(name)
        else:
            timeline.lane(name)


def _read(reads: Reads) -> Iterator[str]:
    for name in reads.lanes:
        yield name if isinstance(name, str) else name[0]
    yield from reads.prefixes
