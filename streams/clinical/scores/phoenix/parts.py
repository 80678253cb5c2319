"""From values to points: one input, the worst of several, their sum, and by age."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from math import inf, nextafter

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import Observed
from streams.clinical.scores.phoenix.inputs import Values
from streams.clinical.scores.phoenix.points import AGES, GROWN, AgeBand
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.clinical.scores.points import Bands
from streams.clinical.scores.values import Value, banded
from streams.vocabulary.messages import Component


def unseen(name: str, most: int, policy: PhoenixPolicy) -> Component:
    """An input nobody saw: anything up to `most`, or normal by the policy."""
    upper = most if policy.missing == "unknown" else 0
    return Component(name=name, points=None, lower=0, upper=upper)


def worth(name: str, values: Values, bands: Bands, policy: PhoenixPolicy) -> Component:
    """The worst of an input's values."""
    if not values:
        return unseen(name, max(band.points for band in bands), policy)
    return highest(name, [_one(name, value, bands) for value in values])


def highest(name: str, parts: Sequence[Component]) -> Component:
    """The worst of the parts."""
    lower = max(part.lower for part in parts)
    deciding = [part for part in parts if part.lower == lower]
    return _joined(name, parts, deciding, lower, max(part.upper for part in parts))


def summed(name: str, parts: Sequence[Component], *, cap: int) -> Component:
    """The sum of the parts, never more than `cap`."""
    lower = min(cap, sum(part.lower for part in parts))
    upper = min(cap, sum(part.upper for part in parts))
    deciding = [part for part in parts if part.lower > 0] or parts
    return _joined(name, parts, deciding, lower, upper)


def by_age(
    name: str,
    values: Values,
    age: Observed | None,
    policy: PhoenixPolicy,
    *,
    table: Callable[[AgeBand], Bands],
) -> Component:
    """What the values are worth at all the ages the patient can have."""
    most = max(band.points for band in table(AGES[0]))
    bands, beyond = _reached(age, policy)
    if not values or not bands:
        return unseen(name, most, policy)
    told = [worth(name, values, table(band), policy) for band in bands]
    lower = min(part.lower for part in told)
    upper = max(part.upper for part in told)
    outside = unseen(name, most, policy)
    deciding = told if age is None else [*told, replace(told[0], evidence=age.evidence)]
    if beyond:
        lower, upper = 0, max(upper, outside.upper)
    return _joined(name, told, deciding, lower, upper)


def _reached(age: Observed | None, policy: PhoenixPolicy) -> tuple[list[AgeBand], bool]:
    """The bands the age may lie in, and whether it may lie in none."""
    if age is None:
        return (list(AGES) if policy.without_age == "any_age" else []), False
    low, high = _ends(age.range)
    grown = GROWN if policy.eighteenth_birthday == "too_old" else nextafter(GROWN, inf)
    bands = [
        band
        for band in AGES
        if low < (grown if band.before == GROWN else band.before) and band.since <= high
    ]
    return bands, low < 0 or high >= grown


def _ends(reach: Interval) -> tuple[float, float]:
    low = nextafter(reach.low, inf) if reach.low_open else reach.low
    high = nextafter(reach.high, -inf) if reach.high_open else reach.high
    return low, high


def _one(name: str, value: Observed, bands: Bands) -> Component:
    told = banded(name, Value(value.at, value.range, ""), bands)
    return replace(told, evidence=value.evidence)


def _joined(
    name: str,
    parts: Iterable[Component],
    deciding: Iterable[Component],
    lower: int,
    upper: int,
) -> Component:
    """Without any part that was seen there are no points."""
    seen = any(part.points is not None for part in parts)
    evidence = dict.fromkeys(e for part in deciding for e in part.evidence)
    return Component(
        name=name,
        points=lower if seen else None,
        lower=lower,
        upper=upper,
        evidence=tuple(evidence),
    )
