"""Every definition of one patient, kept up to date fact by fact.

`touch` is told each change of the timeline, `advance` each moment at which somebody
looks; after `advance` every answer equals evaluating its rule from scratch at that
moment.  Nothing waits until somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar, cast

from streams.clinical.catalogue.answer import Answer, Episode, Feature
from streams.clinical.catalogue.rule import Question, Rule
from streams.clinical.catalogue.rules import rules
from streams.clinical.timeline import Change, Timeline
from streams.clinical.tracking.applicability import applies
from streams.clinical.tracking.episodes import SPECIAL
from streams.clinical.tracking.moment import Moment, Watch
from streams.clinical.tracking.parts import Keeper, Part


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule under one of its policies."""

    rule: Rule
    policy: str

    @property
    def name(self) -> tuple[str, str]:
        """Of the rule and of the policy."""
        return self.rule.name, self.policy


def every_default() -> tuple[Entry, ...]:
    """Every rule of the catalogue under its default policy."""
    return tuple(Entry(rule, rule.default) for rule in rules().values())


def every_policy() -> tuple[Entry, ...]:
    """Every rule of the catalogue under each of its policies."""
    return tuple(
        Entry(rule, policy) for rule in rules().values() for policy in rule.policies
    )


ValueT = TypeVar("ValueT")


class PatientTracker:
    """What the entries say of one timeline; all it holds can be computed again."""

    __slots__ = ("_entries", "_keeper", "_roots", "_timeline", "_watch", "_zone")

    def __init__(
        self,
        timeline: Timeline,
        now: datetime,
        *,
        entries: Iterable[Entry],
        zone: str | None = None,
    ) -> None:
        """`zone` names the hospital's time zone, for rules of calendar days."""
        self._timeline, self._zone = timeline, zone
        self._entries = tuple(entries)
        self._begin(now)

    def _begin(self, now: datetime) -> None:
        self._watch = Watch(now)
        self._keeper = Keeper(self._timeline, self._watch, SPECIAL)
        self._roots = {entry.name: self._root(entry) for entry in self._entries}

    def touch(self, change: Change) -> None:
        """Take note of what a delivery did to the timeline."""
        if change:
            self._keeper.touch(change)

    def advance(self, now: datetime) -> int:
        """Evaluate at `now` all that a change or time may have touched.

        How many entries it was.  A clock that runs back starts everything anew.
        """
        if now < self._watch.now:
            self._begin(now)
        elif now > self._watch.now:
            self._watch.move(now)
        verify, count = self._keeper.verify, 0
        for root in self._roots.values():
            if not root.sure or now >= root.until:
                verify(root)
                count += 1
        return count

    def answer(self, entry: Entry) -> Answer | None:
        """What the entry says at the last `advance`; None where it cannot apply."""
        root = self._roots[entry.name]
        said = root.value
        if not isinstance(said, Answer):
            return None
        rule, policy = entry.name
        return replace(settled(said, self._watch), rule=rule, policy=policy)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is kept up to date."""
        return self._entries

    @property
    def next_check_at(self) -> datetime:
        """When time alone may next change an answer."""
        return min(root.until for root in self._roots.values())

    @property
    def evaluations(self) -> int:
        """How many parts have been evaluated so far."""
        return self._keeper.evaluations

    def lanes(self, entry: Entry) -> frozenset[str]:
        """The lanes that the entry's answer rests on.

        One that ends in `:` stands for all of its sort.
        """
        return frozenset(_lanes(self._roots[entry.name]))

    def _root(self, entry: Entry) -> Part:
        reading, zone = entry.rule.readings[entry.policy], self._zone
        name = entry.rule.name

        def ask(view: Timeline, at: datetime) -> Answer | None:
            if not applies(name, view, at):
                return None
            return reading(Question(view, at, zone))

        return Part((ask,), ask, (self._watch.moment(),), {})


def settled(answer: Answer, watch: Watch) -> Answer:
    """The answer with each moment that moves at its place of now."""
    return replace(
        answer,
        at=_still(answer.at, watch),
        final_at=_still(answer.final_at, watch),
        features=tuple([_still_feature(one, watch) for one in answer.features]),
        episodes=tuple([_still_episode(one, watch) for one in answer.episodes]),
    )


def _still_feature(feature: Feature, watch: Watch) -> Feature:
    if isinstance(feature.value, Moment):
        return replace(feature, value=_still(feature.value, watch))
    return feature


def _still_episode(episode: Episode, watch: Watch) -> Episode:
    return replace(
        episode,
        onset=_still(episode.onset, watch),
        final_at=_still(episode.final_at, watch),
        values=tuple([_still(value, watch) for value in episode.values]),
    )


def _still(value: ValueT, watch: Watch) -> ValueT:
    if isinstance(value, Moment):
        return cast("ValueT", watch.now + value.offset)
    return value


def _lanes(part: Part) -> Iterator[str]:
    yield from part.lanes
    for one in part.asked:
        yield from _lanes(one)
