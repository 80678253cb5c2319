"""Parts of rules, each with what it read, evaluated again only where that changed.

A part is a rule, or a function marked with `part`, and what it was given.  It is
evaluated again when a fact came or went in what it read, when time alone may have
changed it, or when a part it asked came out otherwise.  A part that comes out as
before stops there: what asked it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, cast

from streams.clinical.scores.bedside import Window
from streams.clinical.timeline import AnswerT, Change, Timeline, lane_name
from streams.clinical.tracking.moment import NEVER, Moment, Watch
from streams.clinical.tracking.view import Name, Reads, View
from streams.vocabulary.events import Clinical


Rule = Callable[..., Any]

_AS_THEY_ARE = frozenset({int, str, float, bool, type(None), datetime, timedelta})

_UNSAID = object()
"""What a part says that was never evaluated; equal to nothing."""


class Part:
    """One part: what it was given, what it said, and what that rests on."""

    __slots__ = (
        "asked",
        "asks",
        "changed",
        "given",
        "holds_until",
        "key",
        "named",
        "reads",
        "rule",
        "sure",
        "touched",
        "until",
        "value",
        "verified",
    )

    hears = False
    """Whether it wants to hear of every change."""

    def __init__(
        self,
        key: tuple[object, ...],
        rule: Rule,
        given: tuple[object, ...],
        named: Mapping[str, object],
    ) -> None:
        self.key, self.rule, self.given, self.named = key, rule, given, named
        self.value: object = _UNSAID
        self.touched = True
        """A fact came or went in what it read."""
        self.sure = False
        """Neither it nor any part it asked has been touched since it was verified."""
        self.holds_until = NEVER
        """When time alone may change it, the parts it asked apart."""
        self.until = NEVER
        """The same, the parts it asked among it."""
        self.changed = 0
        self.verified = 0
        """On the count of evaluations: when it last came out anew; when it was found
        to stand."""
        self.reads = Reads()
        self.asked: dict[Part, None] = {}
        """The parts it asked, in order."""
        self.asks: set[Part] = set()
        """The parts that asked it."""

    def say(
        self, view: View, given: list[object], named: Mapping[str, object]
    ) -> object:
        """Evaluate it."""
        return self.rule(view, *given, **named)

    @property
    def lanes(self) -> Iterable[str]:
        """The lanes it read; one that ends in `:` stands for all of its sort."""
        for name in self.reads.lanes:
            yield name if isinstance(name, str) else name[0]
        yield from self.reads.prefixes

    def hear(self, change: Change) -> bool:  # noqa: ARG002 - for who wants to hear
        """Take note of a change, whatever it touches; whether that touches the part."""
        return False


class Keeper(View):
    """A view of a timeline that keeps parts, and knows which still stand."""

    __slots__ = (
        "_anything",
        "_by_id",
        "_by_lane",
        "_by_prefix",
        "_count",
        "_current",
        "_hearing",
        "_known",
        "_parts",
        "_policies",
        "_special",
        "_tokens",
        "evaluations",
    )

    def __init__(
        self,
        timeline: Timeline,
        watch: Watch,
        special: Mapping[Rule, Callable[..., Part]] = MappingProxyType({}),
    ) -> None:
        """`special` names the parts that keep more than their answer."""
        super().__init__(timeline, watch)
        self._special = special
        self._known = set(self._lanes)
        self._parts: dict[tuple[object, ...], Part] = {}
        self._by_lane: dict[Name, set[Part]] = {}
        self._by_prefix: dict[str, set[Part]] = {}
        self._by_id: dict[str, set[Part]] = {}
        self._anything: set[Part] = set()
        self._policies: dict[int, tuple[object, object]] = {}
        self._tokens: dict[object, tuple[str, int]] = {}
        self._hearing: set[Part] = set()
        self._current: Part | None = None
        self._count = 0
        self.evaluations = 0
        """How many parts have been evaluated, for whoever measures."""

    # -- what came in ----------------------------------------------------------

    def touch(self, change: Change) -> None:
        """Take note of what a delivery did to the timeline."""
        for part in self._hearing:
            if part.hear(change):
                self._mark(part)
        if change.removed is not None:
            self._touch(change.removed)
        if change.added is not None:
            self._touch(change.added)

    def _touch(self, fact: Clinical) -> None:
        lane, at = lane_name(fact), fact.happened_at
        self._touch_lane(lane, at)
        if lane in self.sieves:
            for keeps, name in self.sieves[lane].items():
                if keeps(fact):
                    self._touch_lane(name, at)
        if lane not in self._known:
            self._known.add(lane)
            for prefix, parts in self._by_prefix.items():
                if lane.startswith(prefix):
                    self._mark_all(parts)
        if self._by_id:
            self._mark_all(self._by_id.get(fact.event_id, ()))
        if self._anything:
            self._mark_all(self._anything)

    def _touch_lane(self, lane: Name, at: datetime) -> None:
        for part in self._by_lane.get(lane, ()):
            if not part.touched:
                after, until = part.reads.lanes[lane]
                if after < at <= until:
                    self._mark(part)

    def _mark_all(self, parts: Any) -> None:  # noqa: ANN401 - any parts
        for part in parts:
            self._mark(part)

    def _mark(self, part: Part) -> None:
        part.touched = True
        self._doubt(part)

    def _doubt(self, part: Part) -> None:
        if part.sure:
            part.sure = False
            for asking in part.asks:
                self._doubt(asking)

    # -- what is asked ---------------------------------------------------------

    def told(
        self,
        rule: Callable[..., AnswerT],
        given: tuple[object, ...],
        named: Mapping[str, object],
    ) -> AnswerT:
        """What a part says: as kept, where it stands."""
        names: list[object] = [rule]
        for one in given:
            kind = type(one)
            if kind in _AS_THEY_ARE:
                names.append(one)
            elif kind is Moment:
                names.append(cast("Moment", one).name)
            else:
                names.append(self._name(one))
        for word, one in named.items():
            names.append((word, self._name(one)))
        key = tuple(names)
        part = self._parts.get(key)
        if part is None:
            made = self._special.get(rule, Part)
            part = self._parts[key] = made(key, rule, given, named)
            if part.hears:
                self._hearing.add(part)
        if not part.sure or self.watch.now >= part.until:
            self.verify(part)
        if self._current is not None:
            self._current.asked[part] = None
        return cast("AnswerT", part.value)

    def verify(self, part: Part) -> None:
        """See that it stands, or evaluate it again."""
        now = self.watch.now
        if part.sure and now < part.until:
            return
        if part.touched or now >= part.holds_until or self._asked_changed(part):
            self._evaluate(part)
        part.until = min([part.holds_until, *[one.until for one in part.asked]])
        part.sure, part.touched = True, False
        part.verified = self._count

    def _asked_changed(self, part: Part) -> bool:
        now = self.watch.now
        for one in part.asked:
            if not one.sure or now >= one.until:
                self.verify(one)
            if one.changed > part.verified:
                return True
        return False

    def _evaluate(self, part: Part) -> None:
        watch, outer = self.watch, (self.reads, self.watch.until, self._current)
        reads, asked = part.reads, part.asked
        part.reads = self.reads = Reads()
        part.asked, self._current, watch.until = {}, part, NEVER
        renewed = self._renewed
        given = [
            one if type(one) in _AS_THEY_ARE else renewed(one) for one in part.given
        ]
        named = part.named
        if named:
            named = {name: renewed(one) for name, one in named.items()}
        value = part.say(self, given, named)
        part.holds_until = watch.until
        self.reads, watch.until, self._current = outer
        self._enter(part, reads, asked)
        self.evaluations += 1
        if part.asks and value == part.value:
            return
        self._count += 1
        part.value, part.changed = value, self._count

    def _renewed(self, given: object) -> object:
        """What was given, as of now: moments move."""
        if isinstance(given, Moment):
            return self.watch.moment(given.offset)
        if isinstance(given, Window):
            after, until = self._renewed(given.after), self._renewed(given.until)
            return Window(cast("datetime", after), cast("datetime", until), given.stay)
        return given

    def _name(self, given: object) -> object:
        """What tells one argument from another, whatever the clock says.

        A moment that moves is named by how far it is from now; what has no hash (a
        policy with a table in it) by itself, for it lives as long as the program.
        """
        kind = type(given)
        if kind in _AS_THEY_ARE:
            return given
        if kind is Moment:
            return cast("Moment", given).name
        known = self._policies.get(id(given))
        if known is not None:
            return known[1]
        if kind is Window:
            window = cast("Window", given)
            return (self._name(window.after), self._name(window.until), window.stay)
        if not kind.__name__.endswith("Policy"):
            return given
        known = self._policies[id(given)] = (given, self._token(given))
        return known[1]

    def _token(self, policy: object) -> object:
        """One name for all policies that say the same: their hash is dear."""
        try:
            return self._tokens.setdefault(policy, ("policy", len(self._tokens)))
        except TypeError:
            return ("policy", id(policy))

    # -- who reads what --------------------------------------------------------

    def _enter(self, part: Part, old: Reads, asked: dict[Part, None]) -> None:
        new = part.reads
        if old.lanes.keys() != new.lanes.keys():
            _move(self._by_lane, part, old.lanes, new.lanes)
        if old.prefixes != new.prefixes:
            _move(self._by_prefix, part, old.prefixes, new.prefixes)
        if old.ids != new.ids:
            _move(self._by_id, part, old.ids, new.ids)
        if new.everything:
            self._anything.add(part)
        elif old.everything:
            self._anything.discard(part)
        if asked.keys() == part.asked.keys():
            return
        for one in part.asked:
            one.asks.add(part)
        for one in asked:
            if one not in part.asked:
                one.asks.discard(part)
                self._let_go(one)

    def _let_go(self, part: Part) -> None:
        """Forget a part that nobody asks any more."""
        if part.asks or self._parts.get(part.key) is not part:
            return
        del self._parts[part.key]
        self._hearing.discard(part)
        old, part.reads = part.reads, Reads()
        asked, part.asked = part.asked, {}
        self._enter(part, old, asked)


def _move(
    index: dict[Any, set[Part]],
    part: Part,
    old: Any,  # noqa: ANN401 - names, or a mapping by them
    new: Any,  # noqa: ANN401 - as above
) -> None:
    for name in old:
        if name not in new:
            index[name].discard(part)
    for name in new:
        if name not in old:
            index.setdefault(name, set()).add(part)
