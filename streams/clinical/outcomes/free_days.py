"""Days alive and free of support: one function for every outcome of that sort.

Organ-support-free days (ordinal, -1 to 21) are REMAP-CAP's: -1 for a death in the
whole acute stay, so no value is final before discharge or day 90.
Ventilator-free days are 28 less the days until the final liberation that held for 48
hours, 0 for who died by day 28.
Days alive and out of hospital are the horizon less days in hospital and days dead.

What the record leaves open is counted twice, as if it had been and as if it had not:
where the two differ there is no value, and both are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from streams.clinical.outcomes.breathing import breathing_support
from streams.clinical.outcomes.derived import Derived, Parts, pending
from streams.clinical.outcomes.mortality import in_hospital_mortality, mortality_by
from streams.clinical.outcomes.places import Stays, elsewhere, in_hospital, in_icu
from streams.clinical.outcomes.stretches import (
    FAR,
    Doubt,
    Span,
    Stretch,
    perhaps,
    spans,
    sure,
    together,
)
from streams.clinical.outcomes.treatments import infusions, renal_replacement
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import death_on_record
from streams.vocabulary.clock import DAY
from streams.vocabulary.drugs import drugs_of_class
from streams.vocabulary.outcomes import Support, SupportFreeDays


DEAD = {"minus_one": -1.0, "zero": 0.0}
"""What a death makes of the value, where it decides alone."""

_NO_SUBJECT = ("died_before_t0", "discharged_before_t0")
_IN_HOSPITAL = "still_in_hospital"


def support_free_days(
    rule: SupportFreeDays,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,
) -> Derived:
    """The days by this rule; pending until the horizon unless a death decides."""
    end = t0 + rule.horizon * DAY
    fate = _fate(rule, timeline, t0, now, episode=episode)
    if fate.reason in _NO_SUBJECT:
        return fate
    if fate.value == 1 and rule.if_dead != "days_lost":
        return replace(fate, value=DEAD[rule.if_dead], parts=(("died", 1),))
    if fate.value != 1 and now < end:
        return pending(end)
    stretches = _stretches(rule, timeline, now)
    if rule.if_dead == "days_lost":
        stretches += _dead(timeline, now)
    counted = _count(rule, stretches, t0)
    if fate.value is None:
        return _of_unknown_fate(rule, fate, counted, end)
    return _settled(rule, fate, counted, end, now)


@dataclass(frozen=True, slots=True)
class _Counted:
    """The days at least and at most, and what decided them."""

    low: float
    high: float
    doubt: Doubt | None
    evidence: tuple[str, ...]
    last_end: datetime | None
    """When the last support that counts ended, as far as is certain."""

    @property
    def value(self) -> float | None:
        return self.high if self.low == self.high else None


def _fate(
    rule: SupportFreeDays,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,
) -> Derived:
    if rule.deaths == "in_hospital":
        return in_hospital_mortality(timeline, t0, now, episode=episode)
    end = t0 + rule.horizon * DAY
    return mortality_by(timeline, t0, now, end=end, day=rule.horizon, episode=episode)


def _of_unknown_fate(
    rule: SupportFreeDays, fate: Derived, counted: _Counted, end: datetime
) -> Derived:
    """Past the horizon, of who may still die in the stay, or may have died."""
    lower = min(counted.low, DEAD.get(rule.if_dead, 0.0))
    parts = _parts(rule, None, counted)
    if lower == counted.high:  # dead or alive, not a day is left
        return Derived(
            status="final",
            value=lower,
            determinable_from=end,
            evidence=_once((*counted.evidence, *fate.evidence)),
            parts=parts,
        )
    told = replace(fate, lower=lower, upper=counted.high, parts=parts)
    if fate.status == "pending":
        return replace(
            told,
            status="provisional",
            value=counted.value,
            reason=_IN_HOSPITAL if counted.value is not None else counted.doubt,
        )
    return told


def _settled(
    rule: SupportFreeDays,
    fate: Derived,
    counted: _Counted,
    end: datetime,
    now: datetime,
) -> Derived:
    """Past the horizon, of whose life or death there is no doubt."""
    known = fate.determinable_from or end
    from_when = known if fate.value == 1 else max(end, known)
    told = Derived(
        status=fate.status,
        value=counted.value,
        determinable_from=from_when,
        reason=fate.reason,
        evidence=_once((*counted.evidence, *fate.evidence)),
        parts=_parts(rule, fate.value, counted),
        due=fate.due,
    )
    if counted.value is None:
        return replace(
            told,
            status="missing",
            reason=counted.doubt,
            lower=counted.low,
            upper=counted.high,
            due=None,
        )
    holds = _holds_from(rule, counted, end)
    if holds is None:
        return told
    if now < holds:
        due = min(holds, told.due or holds)
        return replace(
            told, status="provisional", reason="liberation_may_fail", due=due
        )
    return replace(told, determinable_from=max(from_when, holds))


def _holds_from(
    rule: SupportFreeDays, counted: _Counted, end: datetime
) -> datetime | None:
    """When a liberation shortly before the horizon is known to have held."""
    ended = counted.last_end
    if rule.lost == "under_support" or ended is None or ended >= end:
        return None
    holds = ended + rule.liberation
    return holds if holds > end else None


def _stretches(
    rule: SupportFreeDays, timeline: Timeline, now: datetime
) -> list[Stretch]:
    stays = Stays(timeline, now)
    found = [
        stretch
        for support in rule.supports
        for stretch in _of(support, rule, timeline, stays, now)
    ]
    if rule.where == "icu":
        found = together(found, in_icu(timeline, stays, now))
    return [*found, *elsewhere(stays)]


def _of(
    support: Support,
    rule: SupportFreeDays,
    timeline: Timeline,
    stays: Stays,
    now: datetime,
) -> list[Stretch]:
    match support:
        case "icu":
            return in_icu(timeline, stays, now)
        case "hospital":
            return in_hospital(stays)
        case "renal_replacement":
            return renal_replacement(timeline, stays, now)
        case "vasopressors":
            return infusions(timeline, drugs_of_class("vasopressor"), stays, now)
        case "inotropes":
            return infusions(timeline, drugs_of_class("inotrope"), stays, now)
        case _:
            kinds = _CATEGORIES[support]
            return breathing_support(timeline, kinds, rule, stays, now)


_CATEGORIES: dict[Support, frozenset[str]] = {
    "invasive_ventilation": frozenset({"invasive"}),
    "noninvasive_ventilation": frozenset({"niv", "cpap"}),
    "high_flow_oxygen": frozenset({"hfnc"}),
}
"""Categories of breathing support by name; a tracheostomy alone is none of them."""


def _dead(timeline: Timeline, now: datetime) -> list[Stretch]:
    dying = death_on_record(timeline, now)
    if dying is None:
        return []
    certain = sure(dying.latest, FAR, *dying.evidence)
    if dying.earliest == dying.latest:
        return [certain]
    day = perhaps(dying.earliest, dying.latest, "time_of_death_uncertain")
    return [day, certain]


def _count(
    rule: SupportFreeDays, stretches: Sequence[Stretch], t0: datetime
) -> _Counted:
    end, gap = t0 + rule.horizon * DAY, _gap(rule)
    near = [s for s in stretches if s.start < end + gap and s.latest_end > t0]
    certain = [s for s in spans(near, possible=False, gap=gap) if s[0] < end]
    at_all = [s for s in spans(near, possible=True, gap=gap) if s[0] < end]
    at_most = _free(rule, certain, t0)
    return _Counted(
        low=min(_free(rule, at_all, t0), at_most),
        high=at_most,
        doubt=next((s.doubt for s in near if s.is_open), None),
        evidence=_once(event for s in near for event in s.evidence),
        last_end=certain[-1][1] if certain else None,
    )


def _gap(rule: SupportFreeDays) -> timedelta:
    return timedelta(0) if rule.lost == "under_support" else rule.liberation


def _free(rule: SupportFreeDays, supported: Sequence[Span], t0: datetime) -> float:
    end = t0 + rule.horizon * DAY
    lost = [(max(a, t0), min(b, end)) for a, b in supported if b > t0]
    if lost and rule.lost == "until_last_liberation":
        lost = [(t0, lost[-1][1])]
    if rule.count == "exact":
        gone = sum(((b - a) for a, b in lost), timedelta(0))
        return rule.horizon - gone / DAY
    return float(rule.horizon - len(_days_of(lost, t0)))


def _days_of(lost: Iterable[Span], t0: datetime) -> set[int]:
    """The days of 24 hours from t0, from 0, with any of these spans in them."""
    days: set[int] = set()
    for start, stop in lost:
        last = -((t0 - stop) // DAY) - 1
        days |= set(range((start - t0) // DAY, last + 1))
    return days


def _parts(rule: SupportFreeDays, died: float | None, counted: _Counted) -> Parts:
    value = counted.value
    lost = None if value is None else rule.horizon - value
    return (("died", died), ("days_lost", lost))


def _once(events: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(events))
