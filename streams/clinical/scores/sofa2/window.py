"""One window of SOFA-2, and the facts that count in it.

What was measured and is not there is unknown.
What is given (drugs, devices, renal replacement) and is not there was not given: a
treatment is on record because somebody gave it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.bedside import BedsidePolicy, observed
from streams.clinical.scores.bedside import Window as Stretch
from streams.clinical.scores.chart import Chart, back
from streams.clinical.scores.points import Bands
from streams.clinical.scores.policy import SofaPolicy
from streams.clinical.scores.sofa2.policy import Sofa2Policy
from streams.clinical.scores.values import Value, banded
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.concepts import concepts
from streams.vocabulary.events import CodeStatus, Condition, Measurement, Procedure
from streams.vocabulary.messages import Component
from streams.vocabulary.units import canonical_unit


MOST = 4
"""The most points of one organ."""

_DIGITS = 6
"""Decimals that a converted value keeps, so that 110 umol/L is 110 again."""


@dataclass(frozen=True, slots=True)
class Organ:
    """One organ's points in one window, and what was not seen of it."""

    component: Component
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One row of the published table in both its columns."""

    conventional: Bands
    si: Bands
    si_units: frozenset[str]
    """Units (UCUM) that are read in the second column."""
    factor: float
    """A conventional value times this is the value in the unit of the second."""


@dataclass(frozen=True, slots=True)
class Device:
    """Something that runs from `start` to `end`; None while nobody said it stopped."""

    name: str
    start: datetime
    end: datetime | None
    evidence: str

    def runs_in(self, first: datetime, last: datetime) -> bool:
        """Whether it ran at any time from `first` to `last`, both included."""
        return self.start <= last and (self.end is None or self.end >= first)


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` to `end`, both included, of what had happened by `now`."""

    timeline: Timeline
    start: datetime
    end: datetime
    now: datetime
    """What happened later is not known; never before `end`."""
    origin: datetime
    """The start of the first window."""
    policy: Sofa2Policy
    opens_after: datetime | None = None
    """The end of the window before, where this one opens just after it."""
    chart: Chart = field(init=False)
    """The same facts, for what reads a chart."""

    def __post_init__(self) -> None:
        """Lay the chart over the timeline."""
        parts = _parts(self.policy.gcs_carry)
        object.__setattr__(self, "chart", Chart(self.timeline, parts, now=self.now))

    @property
    def edge(self) -> datetime:
        """The moment from which a look-back reaches."""
        return self.start if self.opens_after is None else self.opens_after

    @property
    def after(self) -> datetime:
        """Just before the window: `after < t` takes its start in."""
        return back(self.start)

    def results(self, concept: str, reach: timedelta = timedelta()) -> Sequence[Value]:
        """Values in the window, else the last within `reach` before it; above 0."""
        found = self._between(concept, self.after, self.end)
        if found or not reach:
            return found
        return self._between(concept, back(self.edge - reach), self.after)[-1:]

    def scored(self, name: str, value: Value, table: Table) -> Component:
        """What a value is worth in the column that the policy names."""
        if self.in_si(value.event_id, table):
            return banded(name, _times(value, table.factor), table.si)
        return banded(name, _times(value, 1.0), table.conventional)

    def in_si(self, event_id: str, table: Table) -> bool:
        """Whether the second column counts for this result."""
        if self.policy.units != "as_sent":
            return self.policy.units == "si"
        fact = self.timeline.fact(event_id)
        sent = fact.sent_unit if isinstance(fact, Measurement) else None
        return sent is not None and canonical_unit(sent) in table.si_units

    def devices(self, names: Collection[str]) -> list[Device]:
        """The procedures of these names begun by now, in order."""
        return _devices_of(self.timeline, tuple(sorted(names)), self.now)

    def running(self, names: Collection[str]) -> list[Device]:
        """Those of them that ran in the window."""
        return [d for d in self.devices(names) if d.runs_in(self.start, self.end)]

    def on_record(self, prefixes: tuple[str, ...]) -> str | None:
        """The event that says a diagnosis was there by the end; the last word counts."""
        return _on_record(self.timeline, self.end, prefixes)

    def has_ceiling(self, statuses: Collection[str]) -> bool:
        """Whether the code status at the end of the window is one of these."""
        last = self.timeline.latest(CodeStatus, "code_status", self.end)
        return last is not None and last.status in statuses

    def _between(self, concept: str, after: datetime, until: datetime) -> list[Value]:
        policy = _bedside(self.policy.implausible)
        return [
            Value(seen.at, seen.range, seen.evidence[0])
            for seen in observed(self.timeline, concept, Stretch(after, until), policy)
            if seen.range.high > 0
        ]


@part
def _devices_of(
    timeline: Timeline, names: tuple[str, ...], now: datetime
) -> list[Device]:
    lives: dict[tuple[str, str], list[Procedure]] = {}
    for fact in timeline.all(Procedure, "procedure"):
        if fact.name in names and fact.happened_at <= now:
            lives.setdefault((fact.name, fact.procedure_id), []).append(fact)
    found = [device for life in lives.values() for device in _devices(life)]
    return sorted(found, key=lambda device: (device.start, device.evidence))


@part
def _on_record(
    timeline: Timeline, by: datetime, prefixes: tuple[str, ...]
) -> str | None:
    said = [
        fact
        for fact in timeline.between(Condition, "condition", ALWAYS, by)
        if _is_one_of(fact.code, prefixes)
    ]
    return said[-1].event_id if said and said[-1].present else None


@cache
def _bedside(implausible: Literal["count", "leave_out"]) -> BedsidePolicy:
    return BedsidePolicy(name="sofa2", implausible=implausible)


@cache
def _parts(carry: timedelta) -> SofaPolicy:
    """How the parts of a scale are put together: one object, for parts are kept by it."""
    return SofaPolicy(gcs="unknown", gcs_carry=carry)


def factor_of(concept: str) -> float:
    """What a canonical value is multiplied by to have its substance unit."""
    factor = concepts()[concept].substance_factor
    return 1.0 if factor is None else factor


def unseen(name: str, *missing: str) -> Organ:
    """An organ of which nothing is known."""
    return Organ(Component(name=name, points=None, lower=0, upper=MOST), missing)


def certain(name: str, points: int, *evidence: str) -> Component:
    """Points that are established, and no others."""
    return Component(
        name=name, points=points, lower=points, upper=points, evidence=evidence
    )


def _times(value: Value, factor: float) -> Value:
    reach = value.range
    scaled = Interval(
        round(reach.low * factor, _DIGITS),
        round(reach.high * factor, _DIGITS),
        reach.low_open,
        reach.high_open,
    )
    return Value(value.at, scaled, value.event_id)


def _devices(life: list[Procedure]) -> Iterator[Device]:
    """One procedure's stretches; a stop without a start is of that moment."""
    started: Procedure | None = None
    for fact in life:
        if fact.phase == "started":
            started = started or fact
            continue
        first = started or fact
        yield Device(fact.name, first.happened_at, fact.happened_at, first.event_id)
        started = None if fact.phase == "stopped" else started
    if started is not None:
        yield Device(started.name, started.happened_at, None, started.event_id)


def _is_one_of(code: str, prefixes: tuple[str, ...]) -> bool:
    system, _, value = code.partition("|")
    known = system.endswith(("icd-9-cm", "icd-10-cm"))
    return known and value.replace(".", "").startswith(prefixes)
