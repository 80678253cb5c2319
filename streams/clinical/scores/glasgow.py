"""The Glasgow coma scale, charted in parts, and what a tube does to it.

mimic-code `gcs.sql` for `assume_normal`; the other readings are named in `SofaPolicy`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.scores.chart import Chart, back
from streams.vocabulary.events import Assessment


NORMAL = (6.0, 5.0, 4.0)
"""Motor, verbal, eyes at their best."""

_PARTS = ("gcs_motor", "gcs_verbal", "gcs_eye")


@dataclass(frozen=True, slots=True)
class Glasgow:
    """The total at one moment: the least and the most it can be."""

    at: datetime
    low: float
    high: float
    evidence: tuple[str, ...]


@dataclass(slots=True)
class Charted:
    """What was charted at one moment; a verbal part of 0 could not be tested."""

    at: datetime
    parts: list[float | None]
    total: float | None
    evidence: list[str]

    @property
    def untestable(self) -> bool:
        """Whether a tube kept the patient from speaking."""
        return self.parts[1] == 0


def totals(chart: Chart, after: datetime, until: datetime) -> list[Glasgow]:
    """The total at each charting in `(after, until]`, where anything can be said."""
    rows = _charted(chart, after - chart.policy.gcs_carry, until)
    told: list[Glasgow | None] = []
    for index, row in enumerate(rows):
        if row.at <= after:
            continue
        earlier = rows[index - 1] if index else None
        if earlier is not None and earlier.at <= row.at - chart.policy.gcs_carry:
            earlier = None
        told.append(_told(chart, row, earlier))
    return [total for total in told if total is not None]


def glasgow_reach(chart: Chart) -> timedelta:
    """How long after a charting it can still tell in a row."""
    policy = chart.policy
    if policy.gcs == "pre_sedation":
        return policy.pre_sedation_reach + policy.gcs_carry
    return policy.gcs_carry


def _told(chart: Chart, row: Charted, earlier: Charted | None) -> Glasgow | None:
    if chart.policy.gcs == "assume_normal":
        return _assumed_normal(row, earlier)
    if row.total is not None:
        return Glasgow(row.at, row.total, row.total, tuple(row.evidence))
    if row.untestable or (
        row.parts[1] is None and earlier is not None and earlier.untestable
    ):
        return _with_a_tube(chart, row)
    return _bounded(row, None if earlier is None or earlier.untestable else earlier)


def _assumed_normal(row: Charted, earlier: Charted | None) -> Glasgow:
    evidence = tuple(row.evidence)
    before = [None, None, None] if earlier is None else earlier.parts
    spoken, spoken_before = row.parts[1], before[1]
    if spoken == 0 or (spoken is None and spoken_before == 0):
        return Glasgow(row.at, 15.0, 15.0, evidence)
    if spoken_before == 0:
        before = [None, None, None]
    total = sum(
        _first_known(*three) for three in zip(row.parts, before, NORMAL, strict=True)
    )
    return Glasgow(row.at, total, total, evidence)


def _with_a_tube(chart: Chart, row: Charted) -> Glasgow | None:
    if chart.policy.gcs == "as_charted":
        return _bounded(Charted(row.at, _mute(row.parts), None, row.evidence), None)
    if chart.policy.gcs == "unknown":
        return None
    return _before_sedation(chart, row)


def _before_sedation(chart: Chart, row: Charted) -> Glasgow | None:
    """The last total that could be tested, told at the moment of this charting."""
    since = row.at - chart.policy.pre_sedation_reach
    rows = _charted(chart, since - chart.policy.gcs_carry, back(row.at))
    for index in range(len(rows) - 1, -1, -1):
        candidate = rows[index]
        if candidate.at <= since:
            return None
        earlier = rows[index - 1] if index else None
        if candidate.untestable or (
            candidate.parts[1] is None and candidate.total is None
        ):
            continue
        usable = earlier is not None and not earlier.untestable
        total = (
            Glasgow(
                candidate.at,
                candidate.total,
                candidate.total,
                tuple(candidate.evidence),
            )
            if candidate.total is not None
            else _bounded(candidate, earlier if usable else None)
        )
        if total is not None:
            return Glasgow(row.at, total.low, total.high, total.evidence)
    return None


def _bounded(row: Charted, earlier: Charted | None) -> Glasgow | None:
    """Parts not charted now or just before bound the total: 1 at worst."""
    before = [None, None, None] if earlier is None else earlier.parts
    known = [
        now if now is not None else then
        for now, then in zip(row.parts, before, strict=True)
    ]
    if all(part is None for part in known):
        return None
    low = sum(1.0 if part is None else part for part in known)
    high = sum(
        best if part is None else part for part, best in zip(known, NORMAL, strict=True)
    )
    evidence = list(row.evidence)
    if earlier is not None and None in row.parts:
        evidence += earlier.evidence
    return Glasgow(row.at, low, high, tuple(evidence))


def _charted(chart: Chart, after: datetime, until: datetime) -> list[Charted]:
    """What was charted at each moment, in order; of doublets the best counts."""
    rows: dict[datetime, Charted] = {}
    for index, part in enumerate(_PARTS):
        for fact in chart.assessments(part, after, until):
            row = _row(rows, fact)
            value = _value(chart, fact, verbal=index == 1)
            row.parts[index] = _best(row.parts[index], value)
    if chart.policy.gcs != "assume_normal":
        for fact in chart.assessments("gcs_total", after, until):
            row = _row(rows, fact)
            row.total = _best(row.total, fact.value)
    return [rows[at] for at in sorted(rows)]


def _row(rows: dict[datetime, Charted], fact: Assessment) -> Charted:
    row = rows.get(fact.happened_at)
    if row is None:
        row = rows[fact.happened_at] = Charted(
            fact.happened_at, [None, None, None], None, []
        )
    row.evidence.append(fact.event_id)
    return row


def _value(chart: Chart, fact: Assessment, *, verbal: bool) -> float | None:
    if verbal and fact.text in chart.policy.untestable_verbal:
        return 0.0
    return fact.value


def _best(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _first_known(*values: float | None) -> float:
    return next(value for value in values if value is not None)


def _mute(parts: Iterable[float | None]) -> list[float | None]:
    motor, _, eyes = parts
    return [motor, 1.0, eyes]
