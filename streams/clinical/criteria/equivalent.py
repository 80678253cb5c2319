"""Judges all vasopressors as one dose of norepinephrine: now, in a window, for so long.

The dose changes only where something is charted, or where a drip that nobody stopped is
no longer believed; between two such moments it is one interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    in_words,
    window_of,
    window_reads,
)
from streams.clinical.scores.norepinephrine_equivalent import (
    POLICIES,
    SPEC,
    EquivalentDose,
    EquivalentPolicy,
    norepinephrine_equivalent,
)
from streams.clinical.timeline import Timeline, part
from streams.vocabulary.events import Infusion
from streams.vocabulary.kinds.values import NorepinephrineEquivalent
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


LANES = SPEC.inputs


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time at one dose: from `start` until before `end`."""

    start: datetime
    end: datetime
    truth: Truth3
    evidence: tuple[str, ...]


@foreseen
def judge_equivalent(
    rule: NorepinephrineEquivalent, view: PatientView, now: datetime
) -> Judgement:
    """The dose at this moment, at some time in the window, or for so long up to now."""
    window = window_of(rule, view, now) if rule.has_window else _up_to_now(rule, now)
    if window is None:
        return anchorless(rule)
    policy = POLICIES[_policy(rule)]
    may_be = _charted(view, window.begin, window.latest_end, policy)
    if window.begun is FALSE or not may_be:
        return absent(rule, _need(rule))
    stretches = _stretches(rule, policy, view, window)
    said, deciding = _said(rule, stretches, window)
    told = _charted(view, window.latest_begin, window.end, policy)
    if said is FALSE and not told and rule.absent_means is not False:
        said = UNKNOWN
    return Judgement(
        said,
        once((*(e for one in deciding for e in one.evidence), *window.evidence)),
        would_need=(_need(rule),) if said is UNKNOWN else (),
    )


def equivalent_reads(rule: NorepinephrineEquivalent) -> Iterable[str]:
    """Every vasopressor, and what tells the window's anchor."""
    return (*LANES, *window_reads(rule))


def _up_to_now(rule: NorepinephrineEquivalent, now: datetime) -> Window:
    """With a gap before it: what has lasted may just have been changed over then."""
    begin = now if rule.lasting is None else now - rule.lasting - rule.gap
    return Window(begin, begin, now, now, now)


def _charted(
    view: PatientView, begin: datetime, end: datetime, policy: EquivalentPolicy
) -> bool:
    """Whether any vasopressor was charted that can still matter between the two."""
    after = begin - policy.stale_after - INSTANT
    return any(view.timeline.between(Infusion, lane, after, end) for lane in LANES)


def _stretches(
    rule: NorepinephrineEquivalent,
    policy: EquivalentPolicy,
    view: PatientView,
    window: Window,
) -> list[_Stretch]:
    """The times at one dose, from the window's begin to its end."""
    starts = _turns(view, policy, window)
    ends = [*starts[1:], window.latest_end]
    return [
        _stretch(rule, _dose(view.timeline, at, _policy(rule)), end)
        for at, end in zip(starts, ends, strict=True)
    ]


@part
def _dose(timeline: Timeline, at: datetime, policy: str) -> EquivalentDose:
    return norepinephrine_equivalent(timeline, at, policy=POLICIES[policy])


def _policy(rule: NorepinephrineEquivalent) -> str:
    return rule.policy or next(iter(POLICIES))


def _turns(
    view: PatientView, policy: EquivalentPolicy, window: Window
) -> list[datetime]:
    """The window's begin, and each moment in it at which the dose may change."""
    begin = window.begin - policy.stale_after - INSTANT
    turns: set[datetime] = set()
    for lane in LANES:
        for fact in view.timeline.between(Infusion, lane, begin, window.latest_end):
            turns.add(fact.happened_at)
            turns.add(fact.happened_at + policy.stale_after + INSTANT)
    inside = sorted(at for at in turns if window.begin < at <= window.latest_end)
    return [window.begin, *inside]


def _stretch(
    rule: NorepinephrineEquivalent, dose: EquivalentDose, end: datetime
) -> _Stretch:
    found = Interval(dose.lower, dose.upper)
    said = compare(found, rule.is_.operator, rule.is_.value)
    return _Stretch(dose.at, end, said, dose.evidence)


def _said(
    rule: NorepinephrineEquivalent, stretches: Sequence[_Stretch], window: Window
) -> tuple[Truth3, Sequence[_Stretch]]:
    if rule.lasting is not None:
        return _lasting(rule.lasting, rule.gap, stretches)
    told = [one.truth & _shares(one, window) for one in stretches[:-1]]
    told.append(stretches[-1].truth & _lasts(stretches[-1], window))
    said = any_of(told)
    return said, [o for o, truth in zip(stretches, told, strict=True) if truth is said]


def _shares(one: _Stretch, window: Window) -> Truth3:
    """Whether it surely shares a moment with the window, whose edges may be in doubt."""
    sure = one.start <= window.end and one.end > window.latest_begin
    return TRUE if sure else UNKNOWN


def _lasts(one: _Stretch, window: Window) -> Truth3:
    """The same of the last, which holds to the window's end."""
    return window.begun if one.start <= window.end else UNKNOWN


def _lasting(
    length: timedelta, gap: timedelta, stretches: Sequence[_Stretch]
) -> tuple[Truth3, Sequence[_Stretch]]:
    """Whether it has held since that long ago, and never stopped for longer than the gap."""
    begin = stretches[-1].end - length
    early = [one for one in stretches if one.start <= begin]
    since = next((i for i, one in enumerate(early) if one.truth is TRUE), None)
    if since is not None and not _longer(gap, stretches[since:], (FALSE, UNKNOWN)):
        return TRUE, [one for one in stretches if one.truth is TRUE]
    against = [one for one in stretches if one.truth is FALSE]
    never = all(one.truth is FALSE for one in early)
    if never or _longer(gap, [o for o in stretches if o.end > begin], (FALSE,)):
        return FALSE, against
    return UNKNOWN, stretches


def _longer(
    gap: timedelta,
    stretches: Sequence[_Stretch],
    truths: tuple[Truth3, ...],
) -> bool:
    """Whether the dose was so, without a break, for longer than the gap."""
    begun: datetime | None = None
    for one in stretches:
        if one.truth not in truths:
            begun = None
            continue
        begun = one.start if begun is None else begun
        if one.end - begun > gap:
            return True
    return False


def _need(rule: NorepinephrineEquivalent) -> str:
    lasting = f" for {write_duration(rule.lasting)}" if rule.lasting else ""
    return f"vasopressors and their rates{lasting}{in_words(rule)}"
