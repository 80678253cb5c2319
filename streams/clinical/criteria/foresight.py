"""Until when a judgement holds: found by the judge itself, which cannot forget a window.

A judge that is marked with `foreseen` is a function of the rule, the view and the
moment.  It is handed a moment that notes each comparison which time alone will turn
(`tracking.moment`), and asked again there, until it says something else.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import wraps
from types import NoneType
from typing import TypeVar, cast

from streams.clinical.criteria.judgement import Judge, Judgement, PatientView
from streams.clinical.timeline import Timeline
from streams.clinical.tracking.moment import NEVER, Watch
from streams.clinical.tracking.view import Name, Reads, View


AnswerT = TypeVar("AnswerT")
RuleT = TypeVar("RuleT")

_FIXED = frozenset({str, int, float, bool, NoneType, datetime, timedelta})
"""What does not move with the clock, and is its own name."""

TURNS = 64
"""How many turns ahead are looked at; where none changes the truth, the last is told,
which is early and never late."""
GLANCE = 3
"""The same, where a glance will do."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is said from one moment until before the first at which that may turn."""

    said: Judgement
    turn: datetime


class Course:
    """A rule's judgements one after the other, found only as far as somebody asks.

    `step` judges at a moment, and tells until when that holds whatever is asked.
    """

    __slots__ = ("_ahead", "_step", "_told")

    def __init__(self, step: Callable[[datetime], Step], now: datetime) -> None:
        self._step = step
        self._ahead = deque((step(now),))
        self._told: dict[int, Judgement] = {}

    def at(self, now: datetime, *, turns: int = TURNS) -> Judgement:
        """What is said at a moment, and when time alone changes the truth of it."""
        ahead = self._ahead
        while ahead[0].turn <= now:
            self._known(1)
            ahead.popleft()
            self._told.clear()
        if turns not in self._told:
            self._told[turns] = self._with_change(turns)
        return self._told[turns]

    def _with_change(self, turns: int) -> Judgement:
        """Where no turn changes the truth, the last that was looked at is told."""
        first = last = self._ahead[0]
        for number in range(1, turns + 1):
            if last.turn >= NEVER:
                return first.said
            then = self._known(number)
            if then.said.truth is not first.said.truth:
                break
            last = then
        return replace(first.said, changes_at=last.turn)

    def _known(self, number: int) -> Step:
        while len(self._ahead) <= number:
            self._ahead.append(self._step(self._ahead[-1].turn))
        return self._ahead[number]


class _Remembering(View):
    """A view that evaluates a part of fixed moments once, as long as no fact comes."""

    __slots__ = ("_parts",)

    def __init__(
        self, timeline: Timeline, watch: Watch, parts: dict[object, object]
    ) -> None:
        super().__init__(timeline, watch)
        self._parts = parts

    def told(
        self,
        rule: Callable[..., AnswerT],
        given: tuple[object, ...],
        named: Mapping[str, object],
    ) -> AnswerT:
        """What a part says: as it did, if nothing that it was given moves."""
        if not all(type(one) in _FIXED for one in (*given, *named.values())):
            return super().told(rule, given, named)
        key = (rule, given, *named.items())
        if key not in self._parts:
            self._parts[key] = super().told(rule, given, named)
        return cast("AnswerT", self._parts[key])


class Watched:
    """One rule over one view, by a judge that is a function of both and the moment."""

    __slots__ = ("_course", "_judge", "_parts", "_read", "_rule", "_view")

    def __init__(
        self,
        judge: Callable[[RuleT, PatientView, datetime], Judgement],
        rule: RuleT,
        view: PatientView,
        now: datetime,
    ) -> None:
        self._judge, self._rule, self._view = judge, rule, view
        self._read: dict[Name, int] | None = {}
        """By what was read, how often it had changed; None where that cannot be told."""
        self._parts: dict[object, object] = {}
        self._course = Course(self._step, now)

    def at(self, now: datetime, *, glance: bool = False) -> Judgement:
        """What it says at a moment that is not before the last one asked for."""
        said = self._course.at(now, turns=GLANCE if glance else TURNS)
        return replace(said, foresight=self)

    def stands(self) -> bool:
        """Whether no fact came or went of those that it was made of."""
        read, timeline = self._read, self._view.timeline
        return read is not None and all(
            changes == _changes(timeline, name) for name, changes in read.items()
        )

    def _step(self, at: datetime) -> Step:
        """What it says then, and the first moment at which that may turn."""
        watch = Watch(at)
        view = _Remembering(self._view.timeline, watch, self._parts)
        said = self._judge(self._rule, self._view.over(view), watch.moment())
        note(self._view.timeline, _read(view.reads))
        self._remember(view.reads)
        return Step(said, watch.until)

    def _remember(self, reads: Reads) -> None:
        if reads.prefixes or reads.ids or reads.everything:
            self._read = None
        if self._read is not None:
            for name in reads.lanes:
                if name not in self._read:
                    self._read[name] = _changes(self._view.timeline, name)


def foreseen(judge: Callable[[RuleT, PatientView, datetime], Judgement]) -> Judge:
    """The same judge, which also says when time alone changes the truth."""

    @wraps(judge)
    def told(rule: RuleT, view: PatientView, now: datetime) -> Judgement:
        return Watched(judge, rule, view, now).at(now, glance=view.glance)

    return told


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


def _changes(timeline: Timeline, name: Name) -> int:
    return timeline.changes(name) if isinstance(name, str) else timeline.changes(*name)
