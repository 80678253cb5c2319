"""SEP-1 severe sepsis and septic shock, as quality measurement in the USA counts them.

Infection, two signs of inflammation and one failing organ within six hours; time zero
is the last of the three.
Read in two secondary tables (a comparison of definitions in BMJ Quality & Safety, and
one in the Emergency Medicine Journal), not in the measure's own manual: partial for
severe sepsis, unverified for shock.
The manual's exclusions (organs that a chronic disease or a drug explains) need a
person's judgement and are not made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from streams.clinical.criteria.intervals import compare
from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.definitions.suspicion import suspicions
from streams.clinical.scores.chart import back
from streams.clinical.scores.values import Value, values
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import Assessment, Fluid, RespiratorySupport
from streams.vocabulary.quantities import Operator
from streams.vocabulary.truth import TRUE


SignKind = Literal["infection", "inflammation", "organ"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sep1Policy:
    """One reading of SEP-1."""

    name: str

    within: timedelta = 6 * HOUR
    """How far apart the three may be."""

    infection: Literal["either", "documented", "suspicion"] = "either"
    """What documents a suspected infection: an entry that says so (the concept
    `suspected_infection`), an antimicrobial with a culture (Seymour 2016, for records
    without such entries), or either."""

    suspicion: SuspicionPolicy = field(default_factory=SuspicionPolicy)
    """How antimicrobial and culture pair."""

    pressure_drop: Literal["highest_day", "previous", "not_judged"] = "highest_day"
    """What a systolic pressure has dropped from by more than 40 mmHg: the highest of
    the 24 hours before, the reading before, or (it takes a person to say what is normal
    for this patient) nothing is said."""

    support_new_after: timedelta = DAY
    """Ventilation is new if none was charted for so long (ours)."""

    lactate_before: timedelta = 6 * HOUR
    """The initial lactate is the first from so long before time zero …"""

    lactate_after: timedelta = 3 * HOUR
    """… until so long after (general knowledge)."""

    low_readings: int = 2
    """Hypotension is persistent at so many low readings in a row (general knowledge)."""


SEP1 = Sep1Policy(name="sep1")


@dataclass(frozen=True, slots=True, order=True)
class Sign:
    """One criterion met at one moment."""

    at: datetime
    kind: SignKind
    name: str
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SevereSepsis:
    """All three within six hours, on facts that have happened."""

    encounter: str
    """Of the infection; `none` where the source names none."""
    zero: datetime
    """When the last of them was met."""
    infection_at: datetime
    inflammation: tuple[Sign, ...]
    """The first of each kind in the six hours."""
    organs: tuple[Sign, ...]
    evident_at: datetime
    """When it could be said: an antimicrobial may show a culture's meaning later."""
    status: Literal["provisional", "confirmed"]
    """`provisional` until `final_at`: an antimicrobial to come may still make an earlier
    culture an infection, and time zero an earlier one."""
    final_at: datetime
    """From then on time alone changes nothing."""
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Infection:
    at: datetime
    evident_at: datetime
    encounter: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Limit:
    """One number of the published table."""

    kind: SignKind
    name: str
    concept: str
    operator: Operator
    limit: float


LIMITS = (
    _Limit("inflammation", "temperature", "temperature", ">", 38.3),
    _Limit("inflammation", "temperature", "temperature", "<", 36.0),
    _Limit("inflammation", "heart_rate", "heart_rate", ">", 90),
    _Limit("inflammation", "resp_rate", "resp_rate", ">", 20),
    _Limit("inflammation", "wbc", "wbc", ">", 12),
    _Limit("inflammation", "wbc", "wbc", "<", 4),
    _Limit("inflammation", "wbc", "bands_pct", ">", 10),
    _Limit("organ", "pressure", "sbp", "<", 90),
    _Limit("organ", "pressure", "map", "<", 65),
    _Limit("organ", "creatinine", "creatinine", ">", 2.0),
    _Limit("organ", "bilirubin", "bilirubin_total", ">", 2.0),
    _Limit("organ", "platelets", "platelets", "<", 100),
    _Limit("organ", "coagulation", "inr", ">", 1.5),
    _Limit("organ", "coagulation", "aptt", ">", 60),
    _Limit("organ", "lactate", "lactate", ">", 2.0),
)
"""°C, beats and breaths a minute, 10*3/uL, %, mmHg, mg/dL, s, mmol/L."""

_CONCEPTS = tuple(dict.fromkeys(rule.concept for rule in LIMITS))

PRESSURE_DROP = 40
"""mmHg, more than."""

URINE = 0.5
"""mL/kg/h, less than, over two hours."""

URINE_HOURS = 2 * HOUR


@part
def severe_sepsis(
    timeline: Timeline, *, policy: Sep1Policy = SEP1, now: datetime | None = None
) -> tuple[SevereSepsis, ...]:
    """The first of each hospital stay, on facts that have happened by `now`."""
    until = now or _END
    by_stay: dict[str, list[_Infection]] = {}
    for infection in sorted(_infections(timeline, policy, until), key=_moment):
        by_stay.setdefault(infection.encounter, []).append(infection)
    found = (_first(timeline, told, policy, until) for told in by_stay.values())
    return tuple(sorted((f for f in found if f is not None), key=lambda f: f.zero))


_END = datetime.max.replace(tzinfo=ALWAYS.tzinfo)


def _moment(infection: _Infection) -> tuple[datetime, datetime, tuple[str, ...]]:
    return (infection.at, infection.evident_at, infection.evidence)


def _infections(
    timeline: Timeline, policy: Sep1Policy, until: datetime
) -> Iterator[_Infection]:
    if policy.infection != "suspicion":
        lane = "assessment:suspected_infection"
        for fact in timeline.between(Assessment, lane, ALWAYS, until):
            if fact.value is not None and fact.value > 0:
                at, stay = fact.happened_at, fact.encounter or "none"
                yield _Infection(at, at, stay, (fact.event_id,))
    if policy.infection != "documented":
        for pair in suspicions(timeline, policy=policy.suspicion, now=until):
            stay = pair.encounter or "none"
            yield _Infection(pair.suspected_at, pair.evident_at, stay, pair.signs)


@dataclass(frozen=True, slots=True)
class _Met:
    """Inflammation and a failing organ within reach of one moment."""

    zero: datetime
    inflammation: tuple[Sign, ...]
    organs: tuple[Sign, ...]


def _first(
    timeline: Timeline,
    infections: Sequence[_Infection],
    policy: Sep1Policy,
    until: datetime,
) -> SevereSepsis | None:
    """The earliest moment at which all three lie within reach of each other.

    Of infections by time: none brings time zero before itself.
    """
    found: list[SevereSepsis] = []
    for infection in infections:
        if found and infection.at > min([one.zero for one in found]):
            break
        met = _met_around(timeline, policy, infection.at, until)
        if met is not None:
            found.append(_severe(infection, met, policy, until))
    return min(
        found,
        key=lambda one: (one.zero, one.evident_at, one.evidence),
        default=None,
    )


@part
def _met_around(
    timeline: Timeline, policy: Sep1Policy, at: datetime, until: datetime
) -> _Met | None:
    """The first moment from `at` on at which enough was met; None where none is."""
    first, last = at - policy.within, at + policy.within
    signs = sorted(_signs(timeline, policy, first, min(last, until)))
    for zero in sorted({at, *(s.at for s in signs if s.at > at)}):
        near = [s for s in signs if zero - policy.within <= s.at <= zero]
        inflamed = _each_first(near, "inflammation")
        organs = _each_first(near, "organ")
        if len(inflamed) >= 2 and organs:
            return _Met(zero, inflamed, organs)
    return None


def _severe(
    infection: _Infection, met: _Met, policy: Sep1Policy, until: datetime
) -> SevereSepsis:
    signs = met.inflammation + met.organs
    evidence = [*infection.evidence, *(sign.event_id for sign in signs)]
    final = _final(met.zero, policy)
    return SevereSepsis(
        encounter=infection.encounter,
        zero=met.zero,
        infection_at=infection.at,
        inflammation=met.inflammation,
        organs=met.organs,
        evident_at=max(met.zero, infection.evident_at),
        status="confirmed" if until >= final else "provisional",
        final_at=final,
        evidence=tuple(dict.fromkeys(evidence)),
    )


def _final(zero: datetime, policy: Sep1Policy) -> datetime:
    """When no pair of antimicrobial and culture can bring time zero forward any more."""
    if policy.infection == "documented":
        return zero
    return zero + max(
        policy.suspicion.culture_then, policy.suspicion.antimicrobial_then
    )


def _each_first(signs: Sequence[Sign], kind: SignKind) -> tuple[Sign, ...]:
    """The first sign of each name, by time."""
    first: dict[str, Sign] = {}
    for sign in signs:
        if sign.kind == kind:
            first.setdefault(sign.name, sign)
    return tuple(first.values())


def _signs(
    timeline: Timeline, policy: Sep1Policy, first: datetime, last: datetime
) -> Iterator[Sign]:
    """All criteria met from `first` to `last`."""
    for concept in _CONCEPTS:
        yield from _beyond(timeline, concept, back(first), last)
    yield from _drops(timeline, policy, first, last)
    yield from _ventilated(timeline, policy, first, last)
    yield from _oliguria(timeline, first, last)


@part
def _beyond(
    timeline: Timeline, concept: str, after: datetime, until: datetime
) -> tuple[Sign, ...]:
    """The values of one concept that lie beyond a limit of it."""
    limits = [rule for rule in LIMITS if rule.concept == concept]
    return tuple(
        [
            Sign(value.at, rule.kind, rule.name, value.event_id)
            for value in values(timeline, concept, after, until)
            for rule in limits
            if compare(value.range, rule.operator, rule.limit) is TRUE
        ]
    )


@part
def _drops(
    timeline: Timeline, policy: Sep1Policy, first: datetime, last: datetime
) -> tuple[Sign, ...]:
    if policy.pressure_drop == "not_judged":
        return ()
    told = values(timeline, "sbp", first - DAY, last)
    found: list[Sign] = []
    for number, value in enumerate(told):
        if value.at < first:
            continue
        earlier = [v for v in told[:number] if v.at >= value.at - DAY]
        if policy.pressure_drop == "previous":
            earlier = earlier[-1:]
        highest = max([v.range.low for v in earlier], default=value.range.high)
        if highest - value.range.high > PRESSURE_DROP:
            found.append(Sign(value.at, "organ", "pressure", value.event_id))
    return tuple(found)


def _ventilated(
    timeline: Timeline, policy: Sep1Policy, first: datetime, last: datetime
) -> Iterator[Sign]:
    lane, before = "respiratory_support", first - policy.support_new_after
    said = timeline.between(RespiratorySupport, lane, back(before), last)
    charted: datetime | None = None
    for fact in said:
        if fact.category not in ("invasive", "niv"):
            continue
        at = fact.happened_at
        new = charted is None or at - charted > policy.support_new_after
        if new and at >= first and fact.phase != "stopped":
            yield Sign(at, "organ", "ventilation", fact.event_id)
        charted = at


def _oliguria(timeline: Timeline, first: datetime, last: datetime) -> Iterator[Sign]:
    """Too little in two hours that were both seen: a charting before them, and no gap.

    A charted volume is of the time since the charting before it.
    """
    told = timeline.between(Fluid, "fluid:urine", first - DAY, last)
    charted = [f for f in told if f.volume_ml is not None and f.direction == "out"]
    for number, fact in enumerate(charted):
        start = fact.happened_at - URINE_HOURS
        seen = any(f.happened_at <= start for f in charted[:number])
        weight = _weight(timeline, fact.happened_at)
        if not seen or weight is None or fact.happened_at < first:
            continue
        in_time = (f for f in charted[: number + 1] if f.happened_at > start)
        volume = sum(f.volume_ml or 0.0 for f in in_time)
        if volume < URINE * weight * (URINE_HOURS / HOUR):
            yield Sign(fact.happened_at, "organ", "urine", fact.event_id)


def _weight(timeline: Timeline, at: datetime) -> float | None:
    """The last weight in kg."""
    known: Sequence[Value] = values(timeline, "weight", ALWAYS, at)
    return known[-1].range.low if known else None
