"""Laboratory criteria: what was measured in the window, against a baseline (p. 5, 9).

A censored result (`<0.2`) is the interval it stands for: a criterion holds where every
value of both intervals would meet it, so that nothing is made of what was not measured.
eGFR reported as `>60` is 60 as a baseline (Appendix C), which the interval's lower end
is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf

from streams.clinical.definitions.ase.cultures import Culture
from streams.clinical.definitions.ase.days import HospitalDays
from streams.clinical.definitions.ase.dysfunction import (
    Dysfunction,
    DysfunctionName,
    OnsetType,
)
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.definitions.ase.stays import Stay
from streams.clinical.scores.chart import back
from streams.clinical.scores.values import Value, values
from streams.clinical.timeline import Timeline, part


BILIRUBIN = 2.0
"""mg/dL, at least (B4)."""

PLATELETS = 100.0
"""Less than, and at least as a baseline (B5)."""

LACTATE = 2.0
"""At least (B6)."""

MG_DL_OF_LACTATE = 0.1110
"""mmol/L in 1 mg/dL."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One concept, which way it goes wrong, and how far from its baseline."""

    name: DysfunctionName
    concept: str
    rises: bool
    holds: Callable[[float, float], bool]
    """Of the certain ends of a value and of its baseline."""

    def worst(self, value: Value) -> float:
        """The end of a value that must meet the criterion."""
        return value.range.low if self.rises else value.range.high

    def best(self, value: Value) -> float:
        """The end of a value that counts as a baseline."""
        return value.range.high if self.rises else value.range.low


def criteria(policy: AsePolicy) -> tuple[Criterion, ...]:
    """The laboratory criteria under a policy, in the order of the toolkit."""
    rise = 2.0 if policy.bilirubin_rise == "100%" else 1.5
    limit = PLATELETS if policy.platelet_unit == "10*3/uL" else PLATELETS / 1000
    above = policy.platelet_baseline == "above"

    def usable(baseline: float) -> bool:
        return baseline > limit if above else baseline >= limit

    needed = LACTATE if policy.lactate_unit == "mmol/L" else LACTATE * MG_DL_OF_LACTATE
    always = (
        Criterion("renal", "creatinine", True, lambda v, b: v >= 2 * b),
        Criterion("renal", "egfr", False, lambda v, b: v <= b / 2),
        Criterion(
            "liver",
            "bilirubin_total",
            True,
            lambda v, b: v >= BILIRUBIN and v >= rise * b,
        ),
        Criterion(
            "coagulation",
            "platelets",
            False,
            lambda v, b: v < limit and usable(b) and v <= b / 2,
        ),
    )
    lactate = Criterion("lactate", "lactate", True, lambda v, _: v >= needed)
    return (*always, lactate) if policy.lactate else always


def laboratory(
    timeline: Timeline,
    culture: Culture,
    stay: Stay,
    onset: OnsetType,
    days: HospitalDays,
    policy: AsePolicy,
    until: datetime,
) -> Iterable[Dysfunction]:
    """The criteria that hold, by the baselines of that type of onset."""
    opens, closes = days.start(culture.first), back(days.end(culture.last))
    begin, end = opens, min(closes, until)
    if onset == "community":
        begin = min(opens, stay.came_at, days.start(stay.first_day))
        end = until
    for number in range(len(criteria(policy))):
        found = _holding(timeline, number, begin, end, opens, closes, days, policy)
        if found is not None:
            yield found


@part
def _holding(
    timeline: Timeline,
    number: int,
    begin: datetime,
    end: datetime,
    opens: datetime,
    closes: datetime,
    days: HospitalDays,
    policy: AsePolicy,
) -> Dysfunction | None:
    """Whether a criterion holds in the window, by all values from `begin` to `end`."""
    criterion = criteria(policy)[number]
    told = values(timeline, criterion.concept, back(begin), end)
    seen = [v for v in told if opens <= v.at <= closes]
    return _search(criterion, seen, told, days) if seen else None


def _search(
    criterion: Criterion,
    seen: Sequence[Value],
    told: Sequence[Value],
    days: HospitalDays,
) -> Dysfunction | None:
    """The first value of the window that meets it."""
    baseline = _extreme(criterion, told)
    low = criterion.best(baseline)
    met = next((v for v in seen if criterion.holds(criterion.worst(v), low)), None)
    if met is None:
        return None
    return Dysfunction(
        name=criterion.name,
        day=days.of(met.at),
        at=met.at,
        evident_at=_evident_at(criterion, seen, told),
        evidence=tuple(dict.fromkeys((met.event_id, baseline.event_id))),
        value=criterion.worst(met),
        baseline=low,
        detail=criterion.concept,
    )


def _extreme(criterion: Criterion, told: Sequence[Value]) -> Value:
    """The lowest (where falling is bad: the highest), the first of equals."""
    sign = 1 if criterion.rises else -1
    return min(told, key=lambda v: (sign * criterion.best(v), v.at, v.event_id))


def _evident_at(
    criterion: Criterion, seen: Sequence[Value], told: Sequence[Value]
) -> datetime:
    """The first moment at which the values so far met it."""
    within = {value.event_id for value in seen}
    sign = 1 if criterion.rises else -1
    worst, best = -inf * sign, inf * sign
    for value in told:
        best = sign * min(sign * best, sign * criterion.best(value))
        if value.event_id in within:
            worst = sign * max(sign * worst, sign * criterion.worst(value))
        if within and worst not in (inf, -inf) and criterion.holds(worst, best):
            return value.at
    raise ValueError("the criterion is not met")
