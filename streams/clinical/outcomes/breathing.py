"""Support of breathing as stretches, from chartings that hold until the next one.

A charting followed by 14 hours of silence held no longer than that (mimic-code), and
nobody knows how long; who leaves hospital on support is the rule's to say.
A tracheostomy alone is no ventilation: a mask may be on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from streams.clinical.outcomes.places import Stays
from streams.clinical.outcomes.stretches import FAR, Doubt, Stretch, cut, sure
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import HOUR
from streams.vocabulary.events import Measurement, RespiratorySupport
from streams.vocabulary.outcomes import SupportFreeDays
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, truth


SILENCE = 14 * HOUR
"""A status not charted for so long has ended (mimic-code `ventilation.sql`)."""

SETTINGS_REACH = 4 * HOUR
"""How far from a charting of high-flow oxygen its flow and fraction may be charted, as
for FiO2 in SOFA."""

_RANK = ("invasive", "tracheostomy", "niv", "cpap", "hfnc", "oxygen", "other", "none")
"""Of several categories charted at one moment the first of these counts."""

Charted = tuple[datetime, Truth3, str]
"""A moment, whether the support asked for was on, the event that says so."""


def breathing_support(
    timeline: Timeline,
    categories: frozenset[str],
    rule: SupportFreeDays,
    stays: Stays,
    now: datetime,
) -> list[Stretch]:
    """When support of these categories was on."""

    def counts(fact: RespiratorySupport) -> Truth3:
        if fact.phase == "stopped" or fact.category not in categories:
            return FALSE
        return _flows(timeline, fact, rule) if fact.category == "hfnc" else TRUE

    return [*_joined(_stretches(_charted(timeline, counts, now), rule, stays))]


def _charted(
    timeline: Timeline, counts: Callable[[RespiratorySupport], Truth3], now: datetime
) -> list[Charted]:
    """One word a moment."""
    lane = timeline.between(RespiratorySupport, "respiratory_support", ALWAYS, now)
    told = [fact for fact in lane if fact.category is not None]
    moments = groupby(told, key=lambda fact: fact.happened_at)
    return [(at, *_first(list(facts), counts)) for at, facts in moments]


def _first(
    facts: list[RespiratorySupport], counts: Callable[[RespiratorySupport], Truth3]
) -> tuple[Truth3, str]:
    first = min(facts, key=lambda fact: (_rank(fact), fact.event_id))
    return counts(first), first.event_id


def _rank(fact: RespiratorySupport) -> int:
    category = "none" if fact.phase == "stopped" else fact.category
    return _RANK.index(category or "other")


def _stretches(
    charted: Sequence[Charted], rule: SupportFreeDays, stays: Stays
) -> Iterator[Stretch]:
    """Each charting until the next."""
    for index, (at, on, event_id) in enumerate(charted):
        if on is FALSE:
            continue
        following = charted[index + 1][0] if index + 1 < len(charted) else FAR
        held = _held(at, following, event_id, rule, stays)
        certain = held.sure_end if on is TRUE else at
        doubt: Doubt | None = held.doubt if on is TRUE else "flow_not_charted"
        yield Stretch(
            start=at,
            sure_end=certain,
            latest_end=held.latest_end,
            evidence=held.evidence,
            doubt=doubt if certain < held.latest_end else None,
        )


def _held(
    at: datetime,
    following: datetime,
    event_id: str,
    rule: SupportFreeDays,
    stays: Stays,
) -> Stretch:
    """How long one charting of support held."""
    if following - at < SILENCE:
        return sure(at, following, event_id)
    end = stays.ends_after(at)
    if end - at < SILENCE:
        if not stays.left_alive(end) or rule.home_ventilation == "ends_with_stay":
            return sure(at, end, event_id)
        at_home = rule.home_ventilation == "goes_on"
        return Stretch(
            start=at,
            sure_end=following if at_home else end,
            latest_end=following,
            evidence=(event_id,),
            doubt="left_on_support",
        )
    open_end = Stretch(
        start=at,
        sure_end=at,
        latest_end=min(following, at + SILENCE),
        evidence=(event_id,),
        doubt="charting_fell_silent",
    )
    return cut(open_end, end)


def _flows(
    timeline: Timeline, fact: RespiratorySupport, rule: SupportFreeDays
) -> Truth3:
    """Whether high-flow oxygen flows enough, of enough oxygen."""
    return _reaches(timeline, "o2_flow", rule.high_flow_l_min, fact) & _reaches(
        timeline, "fio2", rule.high_flow_fio2, fact
    )


def _reaches(
    timeline: Timeline, concept: str, least: float, fact: RespiratorySupport
) -> Truth3:
    """By the last setting charted up to then, and not long before."""
    since = fact.happened_at - SETTINGS_REACH
    lane = f"measurement:{concept}"
    found = timeline.between(Measurement, lane, since, fact.happened_at)
    values = [m.value for m in found if m.value is not None and m.comparator is None]
    return truth(values[-1] >= least) if values else UNKNOWN


def _joined(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """Neighbours that touch, of which the first is certain, as one."""
    before: Stretch | None = None
    for stretch in stretches:
        if before is None:
            before = stretch
        elif not before.is_open and before.latest_end == stretch.start:
            before = Stretch(
                start=before.start,
                sure_end=stretch.sure_end,
                latest_end=stretch.latest_end,
                evidence=(before.evidence[0], stretch.evidence[-1]),
                doubt=stretch.doubt,
            )
        else:
            yield before
            before = stretch
    if before is not None:
        yield before
