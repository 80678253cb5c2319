"""How the manual writes the value of a policy's argument.

The default that a `Choice` states is this rendering of the policy's own value, and a
test compares the two: a page cannot say another default than the code has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import timedelta, tzinfo
from functools import cache
from math import inf, nextafter

from streams.clinical.catalogue.rules import rules
from streams.clinical.definitions.resuscitation import FluidRule
from streams.clinical.scores.coagulation import FibrinAssay
from streams.clinical.scores.norepinephrine_equivalent import Formula
from streams.clinical.scores.points import Band


IDENTITY = frozenset({"name", "source"})
"""Fields that say which policy it is, and open nothing."""

_DAYS_FROM = timedelta(hours=96)
"""72 hours are 72 hours in every paper; a week is not 168."""


_LISTED = 10
"""A longer set (of a source's codes) is only counted."""


def arguments(policy: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every argument of a policy with its value.

    A policy inside it that is a rule of its own stands for itself; of any other each
    argument is told (`urine.window`).
    """
    for name, value in _held(policy):
        if _is_policy(value) and type(value) not in _own_rules():
            yield from arguments(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def written(value: object) -> str:
    """The value in words; a policy as what it changes in the default of its rule."""
    if type(value) in _own_rules():
        return _as_rule(value)
    match value:
        case Mapping():
            return f"limits of {len(value)} source codes"
        case frozenset() if len(value) > _LISTED:
            return f"{len(value)} values"
        case frozenset():
            return ", ".join(sorted(map(written, value))) or "none"
        case tuple():
            return ", ".join(map(written, value)) or "none"
        case timedelta():
            return _duration(value)
        case Formula():
            return value.name
        case Band():
            return f"{value.points} for {_number(value.low)} to {_number(value.high)}"
        case FibrinAssay():
            low, high = _number(value.moderate), _number(value.strong)
            return f"{value.marker} from {low} and above {high}"
    return _plain(value)


def _plain(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return _number(value)
        case str() | tzinfo() | FluidRule():
            return str(value)
    raise TypeError(f"no words for {value!r}")


def changes(policy: object, default: object, prefix: str = "") -> Iterator[str]:
    """What a policy changes in another of its class: `hours = icu_stay`."""
    for (name, value), (_, usual) in zip(_held(policy), _held(default), strict=True):
        if _is_policy(value):
            yield from changes(value, usual, f"{prefix}{name}.")
        elif value != usual:
            yield f"{prefix}{name} = {written(value)}"


def _as_rule(policy: object) -> str:
    name, default = _own_rules()[type(policy)]
    changed = ", ".join(changes(policy, default))
    return f"as `{name}`, but {changed}" if changed else f"as `{name}`"


def _held(policy: object) -> Iterator[tuple[str, object]]:
    for field in fields(policy):
        if field.name not in IDENTITY:
            yield field.name, getattr(policy, field.name)


def _is_policy(value: object) -> bool:
    return is_dataclass(value) and type(value).__name__.endswith("Policy")


@cache
def _own_rules() -> dict[type, tuple[str, object]]:
    """By class of policy: the first rule that it is of, and its default."""
    found: dict[type, tuple[str, object]] = {}
    for rule in rules().values():
        default = rule.policies[rule.default]
        found.setdefault(type(default), (rule.name, default))
    return found


def _number(value: float) -> str:
    if abs(value) < inf and value == nextafter(round(value), -inf):
        return f"below {round(value)}"
    return f"{value:g}"


def _duration(length: timedelta) -> str:
    if length >= _DAYS_FROM and not length % timedelta(days=1):
        return f"{length.days} d"
    return f"{length / timedelta(hours=1):g} h"
