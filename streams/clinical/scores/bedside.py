"""The values a bedside score reads: which count, and what a criterion makes of them.

Unlike an hourly row, a bedside score is told of a moment: of each concept the latest
value that is not too old, or the worst of a stretch of time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from streams.clinical.criteria.intervals import Interval, compare, interval
from streams.clinical.scores.chart import back
from streams.clinical.scores.latest import last_told
from streams.clinical.timeline import Timeline
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Assessment, Measurement
from streams.vocabulary.facts import Flag
from streams.vocabulary.messages import Component
from streams.vocabulary.quantities import Operator
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BedsidePolicy:
    """What every bedside score leaves open."""

    name: str

    pick: Literal["latest", "worst"] = "latest"
    """Of several values: the latest, and of those of one moment the worst; or the worst
    of all that are not too old (Seymour 2016 scored the worst of a window)."""

    vitals_within: timedelta = 12 * HOUR
    """How old a vital sign or a level of consciousness may be (12 h: the longest
    interval between observations that the chart of NEWS allows; RCP 2012, 2017)."""

    implausible: Literal["count", "leave_out"] = "count"
    """Values flagged as outside what other projects accept: the sickest have them, and
    leaving one out would let an older, better value speak."""

    censored: Literal["interval", "bound"] = "interval"
    """`<4`: all values it allows, or the number as if measured (mimic-code)."""

    missing: Literal["unknown", "normal"] = "unknown"
    """An input of which nothing was seen: it could be anything, or it counts as normal
    (mimic-code). Either way its component has no points."""

    counts: Mapping[str, tuple[float, float]] | None = None
    """Source codes that count, each with limits both excluded (mimic-code's filters);
    None: whatever the adapter mapped to the concept."""

    per_moment: Literal["each", "mean"] = "each"
    """Several values of one moment: each for itself, or their mean (mimic-code
    `vitalsign.sql`)."""


@dataclass(frozen=True, slots=True)
class Window:
    """`after < happened_at <= until`; with `stay`, only what was filed under it."""

    after: datetime
    until: datetime
    stay: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What one moment says of a concept, in its canonical unit."""

    at: datetime
    range: Interval
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """What speaks for a criterion: a value that compares so."""

    concept: str
    operator: Operator
    than: float

    def holds(self, value: Interval) -> Truth3:
        """TRUE if every value of the interval compares so, FALSE if none does."""
        return compare(value, self.operator, self.than)


@dataclass(frozen=True, slots=True)
class Said:
    """What one input says of a criterion; without evidence it was not seen."""

    truth: Truth3
    evidence: tuple[str, ...] = ()


def recent(at: datetime, within: timedelta, stay: str | None = None) -> Window:
    """The window that ends at `at`; a value exactly `within` old still counts."""
    return Window(back(at - within), at, stay)


def observed(
    timeline: Timeline, concept: str, window: Window, policy: BedsidePolicy
) -> Sequence[Observed]:
    """The values of a concept that count, by time."""
    return _read(_charted(timeline, concept, window, policy), policy)


def decisive(
    timeline: Timeline, concept: str, window: Window, policy: BedsidePolicy
) -> Sequence[Observed]:
    """Those of them that may decide: what `picked` leaves of `observed`."""
    if policy.pick == "worst":
        return observed(timeline, concept, window, policy)
    return last_told(
        timeline,
        (f"measurement:{concept}", f"assessment:{concept}"),
        window.after,
        window.until,
        lambda after, until: observed(
            timeline, concept, Window(after, until, window.stay), policy
        ),
    )


def picked(values: Sequence[Observed], policy: BedsidePolicy) -> Sequence[Observed]:
    """Those of the values by time that may decide: the latest moment's, or all."""
    if policy.pick == "worst" or not values:
        return values
    return [value for value in values if value.at == values[-1].at]


def judged(
    values: Sequence[Observed], limits: Iterable[Limit], policy: BedsidePolicy
) -> Said:
    """Whether any of the values that count is beyond any of the limits."""
    tests = tuple(limits)
    told = [
        Said(any_of(limit.holds(value.range) for limit in tests), value.evidence)
        for value in picked(values, policy)
    ]
    if not told:
        return unseen(policy)
    truth = any_of(said.truth for said in told)
    deciding = [e for said in told if said.truth is truth for e in said.evidence]
    return Said(truth, tuple(deciding))


def unseen(policy: BedsidePolicy) -> Said:
    """What an input says that nobody saw."""
    return Said(UNKNOWN if policy.missing == "unknown" else FALSE)


def criterion(name: str, inputs: Sequence[Said], *, points: int = 1) -> Component:
    """A component that is met by any of its inputs.

    What was seen and leaves both possible (a coma scale under a sedative, `<120`)
    establishes nothing: without an input that is TRUE or FALSE there are no points.
    """
    truth = any_of(said.truth for said in inputs)
    seen = any(said.evidence and said.truth is not UNKNOWN for said in inputs)
    deciding = [s for s in inputs if truth is not TRUE or s.truth is TRUE]
    met = points if truth is TRUE else 0
    return Component(
        name=name,
        points=met if seen else None,
        lower=met,
        upper=0 if truth is FALSE else points,
        evidence=tuple(dict.fromkeys(e for s in deciding for e in s.evidence)),
    )


def _charted(
    timeline: Timeline, concept: str, window: Window, policy: BedsidePolicy
) -> list[Measurement | Assessment]:
    measured: list[Measurement | Assessment] = [
        *timeline.between(
            Measurement, f"measurement:{concept}", window.after, window.until
        )
    ]
    assessed = timeline.between(
        Assessment, f"assessment:{concept}", window.after, window.until
    )
    kept = [f for f in (*measured, *assessed) if _counts(f, window, policy)]
    if assessed:
        kept.sort(key=lambda fact: (fact.happened_at, fact.event_id))
    return kept


def _read(
    facts: Sequence[Measurement | Assessment], policy: BedsidePolicy
) -> Sequence[Observed]:
    found = [Observed(f.happened_at, _range(f, policy), (f.event_id,)) for f in facts]
    return found if policy.per_moment == "each" else _means(found)


def _counts(
    fact: Measurement | Assessment, window: Window, policy: BedsidePolicy
) -> bool:
    if fact.value is None or (window.stay is not None and fact.stay != window.stay):
        return False
    if policy.implausible == "leave_out" and Flag.IMPLAUSIBLE in fact.flags:
        return False
    if policy.counts is None:
        return True
    low, high = policy.counts.get(fact.code or "", (0.0, 0.0))
    return low < fact.value < high


def _range(fact: Measurement | Assessment, policy: BedsidePolicy) -> Interval:
    value = 0.0 if fact.value is None else fact.value
    if policy.censored == "bound" or not isinstance(fact, Measurement):
        return interval(value)
    return interval(value, fact.comparator, fact.upper)


def _means(values: Sequence[Observed]) -> list[Observed]:
    by_moment: dict[datetime, list[Observed]] = {}
    for value in values:
        by_moment.setdefault(value.at, []).append(value)
    return [_mean(at, several) for at, several in by_moment.items()]


def _mean(at: datetime, several: Sequence[Observed]) -> Observed:
    low = sum(value.range.low for value in several) / len(several)
    high = sum(value.range.high for value in several) / len(several)
    evidence = tuple(e for value in several for e in value.evidence)
    return Observed(at, Interval(low, high), evidence)
