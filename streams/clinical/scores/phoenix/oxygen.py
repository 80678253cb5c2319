"""P/F, S/F and the support of breathing, read from a timeline.

A ratio is of an FiO2 charted when the PaO2 or SpO2 was measured, or before it; of
several FiO2 of one moment the highest (the authors' `prepare_fio2`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from streams.clinical.criteria.intervals import Interval
from streams.clinical.scores.arterial import arterial_values
from streams.clinical.scores.bedside import Observed, observed, picked, recent
from streams.clinical.scores.inspired import oxygen_percent
from streams.clinical.scores.phoenix.inputs import (
    NO_SUPPORT,
    OTHER_SUPPORT,
    VENTILATED,
    Support,
    Values,
)
from streams.clinical.scores.phoenix.policy import PhoenixPolicy
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import RespiratorySupport


ROOM_AIR = 21.0
"""Per cent; anything below is no FiO2."""

SPO2_LIMIT = 97.0


@dataclass(frozen=True, slots=True)
class Saturations:
    """The S/F ratios; `void` where the SpO2 that counts is too high for one."""

    ratios: Values
    void: bool


def pf_ratios(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Values:
    """PaO2/FiO2 in mmHg of the arterial gases that count."""
    window = recent(at, policy.vitals_within)
    gases = arterial_values(
        timeline,
        observed(timeline, "pao2", window, policy),
        arterial=policy.arterial,
    )
    return _ratios(timeline, picked(gases, policy), at, policy)


def sf_ratios(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Saturations:
    """SpO2/FiO2 (per cent over fraction) of the saturations that count."""
    window = recent(at, policy.vitals_within)
    seen = picked(observed(timeline, "spo2", window, policy), policy)
    low = [value for value in seen if _makes_a_ratio(value.range, policy)]
    void = bool(seen) and all(_is_too_high(value.range, policy) for value in seen)
    return Saturations(_ratios(timeline, low, at, policy), void)


def support_at(timeline: Timeline, at: datetime, policy: PhoenixPolicy) -> Support:
    """The support last charted; an FiO2 above room air is support as well."""
    charted = _charted(timeline, at, policy)
    oxygen = _fio2(timeline, at, policy)
    given = bool(oxygen) and oxygen[-1].range.low > ROOM_AIR
    if charted is not None:
        later = given and oxygen[-1].at > charted.at
        least = max(_level(charted, policy), OTHER_SUPPORT if later else NO_SUPPORT)
        evidence = oxygen[-1].evidence if later else ()
        return Support(least, least, (*charted.evidence, *evidence))
    if given:
        return Support(OTHER_SUPPORT, VENTILATED, oxygen[-1].evidence)
    if oxygen and policy.room_air == "no_support":
        return Support(NO_SUPPORT, NO_SUPPORT, oxygen[-1].evidence)
    return Support()


@dataclass(frozen=True, slots=True)
class _Charted:
    """What was charted of support at one moment."""

    at: datetime
    categories: frozenset[str]
    evidence: tuple[str, ...]


def _charted(
    timeline: Timeline, at: datetime, policy: PhoenixPolicy
) -> _Charted | None:
    """The last moment's categories, or all of them where the worst is picked."""
    window = recent(at, policy.vitals_within)
    known = policy.ventilated | policy.supported | {"none"}
    facts = [
        fact
        for fact in timeline.between(
            RespiratorySupport, "respiratory_support", window.after, window.until
        )
        if fact.category in known
    ]
    if not facts:
        return None
    last = facts[-1].happened_at
    if policy.pick == "latest":
        facts = [fact for fact in facts if fact.happened_at == last]
    said = {fact.event_id: _category(fact) for fact in facts}
    return _Charted(last, frozenset(said.values()), tuple(said))


def _category(fact: RespiratorySupport) -> str:
    return "none" if fact.phase == "stopped" else fact.category or "none"


def _level(charted: _Charted, policy: PhoenixPolicy) -> int:
    if charted.categories & policy.ventilated:
        return VENTILATED
    return OTHER_SUPPORT if charted.categories & policy.supported else NO_SUPPORT


def _makes_a_ratio(reach: Interval, policy: PhoenixPolicy) -> bool:
    if policy.spo2 == "below_97":
        return reach.high < SPO2_LIMIT
    return policy.spo2 == "any" or reach.high <= SPO2_LIMIT


def _is_too_high(reach: Interval, policy: PhoenixPolicy) -> bool:
    if policy.spo2 == "below_97":
        return reach.low >= SPO2_LIMIT
    return policy.spo2 != "any" and reach.low > SPO2_LIMIT


def _ratios(
    timeline: Timeline, values: Values, at: datetime, policy: PhoenixPolicy
) -> Values:
    oxygen = _fio2(timeline, at, policy)
    paired = [(value, _of(value, timeline, oxygen, policy)) for value in values]
    return [_ratio(value, fio2) for value, fio2 in paired if fio2 is not None]


def _of(
    value: Observed,
    timeline: Timeline,
    now: Sequence[Observed],
    policy: PhoenixPolicy,
) -> Observed | None:
    """The FiO2 a value was measured under; a newer one may void the ratio."""
    if policy.pick == "latest" and policy.newer_fio2 == "void":
        return now[-1] if now and now[-1].at <= value.at else None
    before = _fio2(timeline, value.at, policy)
    return before[-1] if before else None


def _fio2(
    timeline: Timeline, at: datetime, policy: PhoenixPolicy
) -> Sequence[Observed]:
    """By time, of one moment the highest last."""
    seen = observed(timeline, "fio2", recent(at, policy.vitals_within), policy)
    told = map(_in_percent, seen)
    valid = [v for v in told if v.range.low >= ROOM_AIR and v.range.high <= 100]
    return sorted(valid, key=lambda v: (v.at, v.range.low, v.evidence))


def _in_percent(fio2: Observed) -> Observed:
    """A fraction under the unit of a percentage is one, as everywhere in the core."""
    reach = fio2.range
    if reach.high > 1.0:
        return fio2
    low, high = (oxygen_percent(end) or 0.0 for end in (reach.low, reach.high))
    ends = (reach.low_open, reach.high_open)
    return Observed(fio2.at, Interval(low, high, *ends), fio2.evidence)


def _ratio(oxygen: Observed, fio2: Observed) -> Observed:
    reach = Interval(
        100 * oxygen.range.low / fio2.range.high,
        100 * oxygen.range.high / fio2.range.low,
        oxygen.range.low_open,
        oxygen.range.high_open,
    )
    return Observed(oxygen.at, reach, (*oxygen.evidence, *fio2.evidence))
