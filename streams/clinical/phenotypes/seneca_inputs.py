"""The values from which a phenotype is told: the worst of the first hours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from math import inf

from streams.clinical.age import age_at, sex_by
from streams.clinical.comorbidity.diagnoses import comorbidities
from streams.clinical.criteria.intervals import Interval
from streams.clinical.markers.readings import Reading, readings
from streams.clinical.phenotypes.seneca_policy import SenecaPolicy
from streams.clinical.phenotypes.seneca_table import Variable, variables
from streams.clinical.scores.chart import back
from streams.clinical.timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One variable's value."""

    variable: str
    value: float
    """In the table's unit."""
    note: str | None = None
    """What stands for what: `floored`, `censored`; None where it is as measured."""
    evidence: tuple[str, ...] = ()


_PARTS = ("gcs_motor", "gcs_verbal", "gcs_eye")
_ARTERIAL = frozenset({"ART.", "ART", "arterial"})


def inputs(
    timeline: Timeline, start: datetime, until: datetime, policy: SenecaPolicy
) -> tuple[Input, ...]:
    """The variables that can be told from `start` to `until`, ends included."""
    told = (
        _told(timeline, variable, start, until, policy)
        for variable in variables().values()
    )
    return tuple(one for one in told if one is not None)


def _told(
    timeline: Timeline,
    variable: Variable,
    start: datetime,
    until: datetime,
    policy: SenecaPolicy,
) -> Input | None:
    match variable.name:
        case "age":
            return _age(timeline, start, until)
        case "sex":
            return _sex(timeline, until)
        case "elix":
            return _comorbidity(timeline, until)
        case _:
            return _measured(timeline, variable, start, until, policy)


def _age(timeline: Timeline, start: datetime, until: datetime) -> Input | None:
    """A year of birth leaves two ages; their middle stands for both."""
    found = age_at(timeline, start, now=until)
    if found is None:
        return None
    years, event = found
    return Input(variable="age", value=(years.low + years.high) / 2, evidence=(event,))


def _sex(timeline: Timeline, until: datetime) -> Input | None:
    found = sex_by(timeline, until)
    if found is None or found[0] not in {"male", "female"}:
        return None
    return Input(
        variable="sex", value=1.0 if found[0] == "male" else 0.0, evidence=(found[1],)
    )


def _comorbidity(timeline: Timeline, until: datetime) -> Input | None:
    """How many of Elixhauser's 31; unknown where no diagnosis is coded by then."""
    found = comorbidities(timeline, until, index="elixhauser")
    if not found.rest_absent:
        return None
    events = tuple(dict.fromkeys(e for one in found.shown.values() for e in one))
    return Input(variable="elix", value=float(len(found.shown)), evidence=events)


def _measured(
    timeline: Timeline,
    variable: Variable,
    start: datetime,
    until: datetime,
    policy: SenecaPolicy,
) -> Input | None:
    """Of the concepts that can stand for it, the first that was measured."""
    for concept in variable.concepts:
        found = list(_values(timeline, variable, concept, start, until, policy))
        if found:
            return _worst(variable, found, policy)
    return None


def _values(
    timeline: Timeline,
    variable: Variable,
    concept: str,
    start: datetime,
    until: datetime,
    policy: SenecaPolicy,
) -> Iterator[Input]:
    found: Sequence[Reading] = readings(
        timeline, concept, back(start), until, implausible=policy.implausible
    )
    if concept == "pao2":
        found = [one for one in found if one.specimen in _ARTERIAL]
    if concept == "gcs_total" and not found:
        found = list(_coma_totals(timeline, start, until, policy))
    for one in found:
        value = _value(variable, one, policy)
        if value is not None:
            yield value


def _value(variable: Variable, result: Reading, policy: SenecaPolicy) -> Input | None:
    if result.range is None:
        return None
    number = _number(result.range)
    note = None if result.range.low == result.range.high else "censored"
    if note and policy.censored == "left_out":
        return None
    if variable.transform == "ln101minus" and number >= 101:
        return None
    if variable.needs_floor(number):
        if policy.zero == "left_out" or variable.floor is None:
            return None
        number, note = variable.floor, "floored"
    evidence = tuple(result.event_id.split("+"))
    return Input(variable=variable.name, value=number, note=note, evidence=evidence)


def _number(result: Interval) -> float:
    """What stands for an interval: half a lower bound, an upper bound, the middle."""
    if result.low == -inf:
        return result.high / 2
    if result.high == inf:
        return result.low
    return (result.low + result.high) / 2


def _worst(variable: Variable, found: Sequence[Input], policy: SenecaPolicy) -> Input:
    if policy.worst == "first":
        return found[0]
    if policy.worst == "farthest_from_mean" or variable.worst == "either":
        return max(found, key=lambda one: abs(variable.z(one.value)))
    pick = min if variable.worst == "low" else max
    return pick(found, key=lambda one: one.value)


def _coma_totals(
    timeline: Timeline, start: datetime, until: datetime, policy: SenecaPolicy
) -> Iterator[Reading]:
    """The sum of the three parts where all were charted at one moment."""
    charted = [
        (one.at, part, one)
        for part in _PARTS
        for one in readings(
            timeline, part, back(start), until, implausible=policy.implausible
        )
        if one.range is not None
    ]
    charted.sort(key=lambda row: (row[0], row[1], row[2].event_id))
    for at, rows in groupby(charted, key=lambda row: row[0]):
        parts = {part: one for _, part, one in rows}
        if len(parts) == len(_PARTS):
            yield _sum(at, parts.values())


def _sum(at: datetime, parts: Iterable[Reading]) -> Reading:
    whole = list(parts)
    total = sum(one.range.low for one in whole if one.range is not None)
    return Reading(
        at=at,
        range=Interval(total, total),
        event_id="+".join(one.event_id for one in whole),
    )
