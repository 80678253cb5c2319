"""Whether a rule can be true at all: the worlds that it leaves open.

A world says where each quantity of the patient lies.  A rule is a set of them: those of
its parts together (`all`), side by side (`any`), or so many at a time (`at_least`).
A rule that leaves no world open is never true; one whose contrary leaves none is never
false.  What is not known makes nothing true, so that worlds of plain truth suffice.

Quantities are told apart by all that their rules say except the comparison, so that
nothing is inferred between windows of different lengths; but the lowest of a window is
no higher than its latest, nor that than its highest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import combinations
from math import ceil, floor, inf

from streams.clinical.criteria.catalogued import catalogued
from streams.clinical.criteria.judge import parts
from streams.clinical.timeline import Timeline
from streams.vocabulary.concepts import concept
from streams.vocabulary.document import Document
from streams.vocabulary.kinds.enrichment import Marker
from streams.vocabulary.kinds.fitting import threshold
from streams.vocabulary.kinds.person import Age, HasCodeStatus, Sex
from streams.vocabulary.kinds.standing import Elapsed
from streams.vocabulary.kinds.treatment import OnMedication
from streams.vocabulary.kinds.values import (
    FluidTotal,
    NorepinephrineEquivalent,
    Score,
    UrineOutput,
    Value,
)
from streams.vocabulary.quantities import Comparison
from streams.vocabulary.rules import AllOf, AnyOf, AtLeast, Not, Rule
from streams.vocabulary.units import convert


MOST = 2048
"""So many worlds are looked at; of a rule that leaves more open nothing is said."""


@dataclass(frozen=True, slots=True)
class Range:
    """Where a number may lie; an end may itself be excluded."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False
    whole: bool = False
    """Only whole numbers are meant."""

    def and_(self, other: Range) -> Range:
        """Where both hold: the higher begin and the lower end."""
        begin = max(self, other, key=lambda one: (one.low, one.low_open))
        end = min(self, other, key=lambda one: (one.high, not one.high_open))
        return Range(
            begin.low,
            end.high,
            begin.low_open,
            end.high_open,
            self.whole or other.whole,
        )

    @property
    def is_empty(self) -> bool:
        """Whether no number lies in it."""
        if self.whole and inf not in (self.high, -self.low):
            least = floor(self.low) + 1 if self.low_open else ceil(self.low)
            most = ceil(self.high) - 1 if self.high_open else floor(self.high)
            return least > most
        touching = self.low == self.high and (self.low_open or self.high_open)
        return self.low > self.high or touching


Where = Range | frozenset[str]
World = Mapping[str, Where]
"""By quantity, or by the name of what is or is not so."""

YES, NO = frozenset({"yes"}), frozenset({"no"})

_STATUSES = frozenset({"full", "dnr", "dni", "dnr_dni", "comfort_only", "other"})
_SEXES = frozenset({"female", "male", "other"})


class TooMany(Exception):  # noqa: N818 - a rule of so many worlds is no error
    """More worlds than anybody looks at."""


def worlds(rule: Rule, *, holds: bool = True) -> list[World]:
    """The worlds in which the rule is TRUE or, not `holds`, FALSE.

    Raises `TooMany`.
    """
    if isinstance(rule, Not):
        return worlds(rule.rule, holds=not holds)
    if isinstance(rule, AllOf | AnyOf | AtLeast):
        of = [worlds(part, holds=holds) for part in parts(rule)]
        return _so_many(_needed(rule, holds=holds), of)
    return [one for one in (_of_leaf(rule, holds=holds),) if is_possible(one)]


def together(several: Iterable[Sequence[World]]) -> list[World]:
    """The worlds in which all of several rules hold; raises `TooMany`."""
    found: list[World] = [{}]
    for one in several:
        found = _once([m for a in found for b in one if (m := _both(a, b)) is not None])
        if len(found) > MOST:
            raise TooMany
    return found


def is_possible(world: World) -> bool:
    """Whether nothing in it contradicts itself."""
    if any(_is_empty(where) for where in world.values()):
        return False
    return not any(_crosses(world, key) for key in world if key.startswith(_LOWEST))


def _needed(rule: AllOf | AnyOf | AtLeast, *, holds: bool) -> int:
    """How many parts must be so for the whole to be so."""
    count = len(rule.of)
    n = {AllOf: count, AnyOf: 1}.get(type(rule), getattr(rule, "n", 1))
    return n if holds else count - n + 1


def _so_many(n: int, of: Sequence[Sequence[World]]) -> list[World]:
    found: list[World] = []
    for chosen in combinations(of, n):
        found += together(chosen)
        if len(found) > MOST:
            raise TooMany
    return _once(found)


def _both(one: World, other: World) -> World | None:
    merged = dict(one)
    for key, where in other.items():
        held = merged.get(key)
        merged[key] = where if held is None else _and(held, where)
    return merged if is_possible(merged) else None


def _and(one: Where, other: Where) -> Where:
    if isinstance(one, Range) and isinstance(other, Range):
        return one.and_(other)
    if isinstance(one, frozenset) and isinstance(other, frozenset):
        return one & other
    raise TypeError("a quantity is a number or a word, not both")


def _is_empty(where: Where) -> bool:
    return where.is_empty if isinstance(where, Range) else not where


def _once(found: list[World]) -> list[World]:
    told = {tuple(sorted(one.items(), key=lambda item: item[0])): one for one in found}
    return list(told.values())


# -- what one rule says --------------------------------------------------------

_LOWEST = "value lowest "
_ABOVE = ("latest", "first", "highest")


def _crosses(world: World, lowest: str) -> bool:
    """Whether the lowest of a window would lie above another of its readings."""
    low = world[lowest]
    rest = lowest.removeprefix(_LOWEST)
    for which in _ABOVE:
        high = world.get(f"value {which} {rest}")
        if (
            isinstance(low, Range)
            and isinstance(high, Range)
            and Range(low.low, high.high, low.low_open, high.high_open).is_empty
        ):
            return True
    return False


def _of_leaf(rule: Document, *, holds: bool) -> World:
    if isinstance(rule, Sex):
        sex = frozenset[str]({rule.is_})
        return {"sex": sex if holds else _SEXES - sex}
    if isinstance(rule, HasCodeStatus):
        said = frozenset[str](rule.any_of)
        return {"code status": said if holds else _STATUSES - said}
    number = _number(rule)
    if number is None:
        return {_key(rule): YES if holds else NO}
    key, comparison, value, possible = number
    return {key: _range(comparison, value, holds=holds).and_(possible)}


def _number(rule: Document) -> tuple[str, Comparison, float, Range] | None:
    """Its quantity, the comparison, the number compared with, and what it can be."""
    match rule:
        case Value(sustained=None, n=None):
            return _of_value(rule)
        case Age():
            return "age", rule.is_, rule.is_.value, Range(low=0, whole=True)
        case Score():
            return _key(rule), rule.is_, rule.is_.value, score_range(rule)
        case Marker() if rule.is_ is not None:
            than = threshold(rule.marker, rule.is_)
            return _key(rule), rule.is_, than, _possible(rule.marker)
        case NorepinephrineEquivalent() | UrineOutput():
            return _key(rule), rule.is_, rule.is_.value, Range(low=0)
        case FluidTotal():
            return _key(rule), rule.total, rule.total.value, Range()
        case OnMedication() if rule.doses is not None:
            whole = Range(low=0, whole=True)
            return _key(rule), rule.doses, rule.doses.value, whole
        case Elapsed():
            hours = convert(rule.is_.value, from_unit=rule.is_.unit, to_unit="h")
            possible = Range(low=0) if rule.until is None else Range()
            return _key(rule), rule.is_, hours, possible
    return None


def _of_value(rule: Value) -> tuple[str, Comparison, float, Range]:
    """Any above is the highest above; any below, the lowest below."""
    which = rule.which
    if which == "any":
        which = "highest" if rule.is_.operator in (">", ">=") else "lowest"
    key = f"value {which} {_key(rule, but=('which',))}"
    than = threshold(rule.concept, rule.is_)
    return key, rule.is_, than, _possible(rule.concept)


def score_range(rule: Score) -> Range:
    """What the score, or its part, can be at all; with nothing known, anything."""
    low, high = _bounds(rule.score, rule.component)
    whole = rule.score not in _FRACTIONS
    if rule.change_since is not None:
        return Range(low - high, high - low, whole=whole)
    return Range(low, high, whole=whole)


@cache
def _bounds(score: str, component: str | None) -> tuple[float, float]:
    of = catalogued(score)
    answer = of.evaluate(Timeline(), _SOME_DAY)
    if component is None:
        low = -inf if answer.lower is None else answer.lower
        return low, inf if answer.upper is None else answer.upper
    for part in answer.components:
        if part.name == component:
            return float(part.lower), float(part.upper)
    return -inf, inf


@cache
def _possible(name: str) -> Range:
    """The bounds outside of which a value of the concept is rejected."""
    bounds = concept(name).possible
    return Range(
        -inf if bounds.low is None else bounds.low,
        inf if bounds.high is None else bounds.high,
    )


def _range(comparison: Comparison, value: float, *, holds: bool) -> Range:
    """Where the number lies if the comparison holds, or if it does not."""
    above = comparison.operator in (">", ">=")
    strict = comparison.operator in (">", "<")
    if above is holds:
        return Range(low=value, low_open=strict is holds)
    return Range(high=value, high_open=strict is holds)


def _key(rule: Document, but: Sequence[str] = ()) -> str:
    """All that the rule says but the comparison, and what absence means."""
    left_out = {"is_", "total", "doses", "absent_means", *but}
    said = rule.model_dump(mode="json", exclude=left_out, exclude_none=True)
    return " ".join(f"{name}={said[name]}" for name in sorted(said))


_FRACTIONS = frozenset({"mean_pressure", "oxygenation", "norepinephrine_equivalent"})

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
