"""Major adverse kidney events: death, new renal replacement, creatinine twice baseline.

TRUE if any of the three is, FALSE only if none is; what cannot be said of one is
UNKNOWN for all, unless another decides.

Baseline: the lowest creatinine of the year before the hospital stay; without one, the
lowest of the stay up to t0; without that, back-calculated from age and sex where the
rule allows it (KDIGO 2012, after ADQI).
On chronic dialysis neither of the last two parts can be new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from streams.clinical.criteria.intervals import Interval, compare, interval
from streams.clinical.definitions.chronic import chronic_baseline
from streams.clinical.hospital_stay import hospital_stay
from streams.clinical.outcomes.derived import Derived, Parts, missing, pending
from streams.clinical.outcomes.mortality import mortality_by
from streams.clinical.outcomes.places import Stays
from streams.clinical.outcomes.treatments import renal_replacement
from streams.clinical.scores.creatinine_baseline import estimated_baseline
from streams.clinical.scores.organ import ORGANS
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import INSTANT
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Measurement
from streams.vocabulary.outcomes import KidneyEvents
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, truth


YEAR = 365 * DAY
RISEN = 2.0
"""Times the baseline, reached or passed."""

_LANE = "measurement:creatinine"
_Said = tuple[Truth3, tuple[str, ...]]


def kidney_events(
    rule: KidneyEvents,
    timeline: Timeline,
    t0: datetime,
    now: datetime,
    *,
    episode: str,
) -> Derived:
    """1 any of them, 0 none; pending until the window ends unless a death decides."""
    end = t0 + rule.within * DAY
    fate = mortality_by(timeline, t0, now, end=end, day=rule.within, episode=episode)
    if fate.reason == "died_before_t0" or fate.value == 1:
        return replace(fate, parts=(("died", fate.value),))
    if now < end:
        return pending(end)
    died = truth(None if fate.value is None else False)
    dialysed, risen = _of_kidneys(rule, timeline, t0, end, episode)
    any_of_them = died | dialysed[0] | risen[0]
    parts: Parts = (
        ("died", fate.value),
        ("new_rrt", _number(dialysed[0])),
        ("creatinine_doubled", _number(risen[0])),
    )
    evidence = (*dialysed[1], *risen[1], *fate.evidence)
    if any_of_them is UNKNOWN:
        unsaid = fate.reason if died is UNKNOWN else "creatinine_unknown"
        told = missing(unsaid or "unknown", evidence)
        return replace(told, lower=0, upper=1, parts=parts, determinable_from=end)
    sure = any_of_them is TRUE
    return Derived(
        status="final" if sure else fate.status,
        value=1 if sure else 0,
        determinable_from=end if sure else max(end, fate.determinable_from or end),
        reason=None if sure else fate.reason,
        evidence=evidence,
        parts=parts,
    )


def _of_kidneys(
    rule: KidneyEvents,
    timeline: Timeline,
    t0: datetime,
    end: datetime,
    episode: str,
) -> tuple[_Said, _Said]:
    """New renal replacement, and a creatinine that had doubled."""
    if chronic_baseline(timeline, end)[ORGANS.index("renal")]:
        return (FALSE, ()), (FALSE, ())
    sessions = renal_replacement(timeline, Stays(timeline, end), end)
    before = [one for one in sessions if t0 - YEAR <= one.start <= t0]
    after = [one for one in sessions if t0 < one.start <= end]
    new = truth(bool(after) and not before)
    evidence = after[0].evidence if after and not before else ()
    return (new, evidence), _doubled(rule, timeline, t0, end, episode)


def _doubled(
    rule: KidneyEvents,
    timeline: Timeline,
    t0: datetime,
    end: datetime,
    episode: str,
) -> _Said:
    """By the last creatinine of the stay up to the window's end."""
    stay = hospital_stay(timeline, episode, end)
    left = end if stay is None or stay.left_at is None else min(end, stay.left_at)
    measured = _creatinines(timeline, t0, left)
    baseline = _baseline(rule, timeline, t0, episode)
    if not measured or baseline is None:
        return UNKNOWN, ()
    last = measured[-1]
    low, high = baseline[0].low, baseline[0].high
    value = _range(last)
    against = (compare(value, ">=", RISEN * low), compare(value, ">=", RISEN * high))
    said = against[0] if against[0] is against[1] else UNKNOWN
    return said, (last.event_id, *baseline[1])


def _baseline(
    rule: KidneyEvents, timeline: Timeline, t0: datetime, episode: str
) -> tuple[Interval, tuple[str, ...]] | None:
    stay = hospital_stay(timeline, episode, t0)
    came = t0 if stay is None else stay.came_at
    for after, until in ((came - YEAR, came - INSTANT), (came - INSTANT, t0)):
        lowest = min(
            _creatinines(timeline, after, until),
            key=lambda m: (_range(m).high, m.happened_at),
            default=None,
        )
        if lowest is not None:
            return _range(lowest), (lowest.event_id,)
    if rule.baseline == "measured":
        return None
    estimated = estimated_baseline(timeline, t0)
    return None if estimated is None else (estimated.range, estimated.evidence)


def _creatinines(
    timeline: Timeline, after: datetime, until: datetime
) -> Sequence[Measurement]:
    """What was measured in `(after, until]`, in mg/dL."""
    found = timeline.between(Measurement, _LANE, after, until)
    return [one for one in found if one.value is not None and one.value > 0]


def _range(one: Measurement) -> Interval:
    return interval(one.value or 0.0, one.comparator, one.upper)


def _number(said: Truth3) -> float | None:
    return None if said is UNKNOWN else float(said is TRUE)
