"""Whether the patient is as alert as ever: ACVPU as charted, or the Glasgow coma scale.

ACVPU: alert, new confusion, responds to voice, to pain, unresponsive (Royal College of
Physicians, NEWS2, 2017).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.scores.bedside import (
    BedsidePolicy,
    Observed,
    Said,
    Window,
    picked,
    unseen,
)
from streams.clinical.scores.gcs_sedation import (
    SedationPolicy,
    glasgow_scale,
    last_glasgow,
)
from streams.clinical.scores.latest import last_told
from streams.clinical.timeline import Timeline
from streams.vocabulary.events import Assessment
from streams.vocabulary.truth import TRUE, Truth3, any_of


Sources = Literal["gcs_or_acvpu", "gcs", "acvpu"]

ALERT = frozenset({"a", "alert"})
NOT_ALERT = frozenset(
    {
        *("c", "confusion", "new confusion", "confused", "newly confused"),
        *("v", "voice", "responds to voice", "verbal"),
        *("p", "pain", "responds to pain"),
        *("u", "unresponsive"),
    }
)
"""Words in which the scale is charted; case and outer blanks do not matter."""

_MAYBE = Interval(0.0, 1.0)
_ACVPU = "assessment:acvpu"


def altered(
    timeline: Timeline,
    window: Window,
    policy: BedsidePolicy,
    *,
    sources: Sources,
    gcs_below: float,
    sedation: SedationPolicy,
) -> Said:
    """Whether consciousness is altered; the latest word of either scale decides."""
    told: list[Observed] = []
    if sources != "acvpu":
        told += _by_glasgow(timeline, window, policy, gcs_below, sedation)
    if sources != "gcs":
        told += _by_acvpu(timeline, window, policy)
    told.sort(key=lambda word: (word.at, word.evidence))
    return _said(picked(told, policy), policy)


def _said(words: Sequence[Observed], policy: BedsidePolicy) -> Said:
    if not words:
        return unseen(policy)
    truths = [_truth(word) for word in words]
    truth = any_of(truths)
    deciding = [
        evidence
        for word, its in zip(words, truths, strict=True)
        if truth is not TRUE or its is TRUE
        for evidence in word.evidence
    ]
    return Said(truth, tuple(deciding))


def _truth(word: Observed) -> Truth3:
    return compare(word.range, ">=", 1.0)


def _by_glasgow(
    timeline: Timeline,
    window: Window,
    policy: BedsidePolicy,
    below: float,
    sedation: SedationPolicy,
) -> list[Observed]:
    """1 where the total is below the threshold, 0 where it is not, else both."""
    tell = last_glasgow if policy.pick == "latest" else glasgow_scale
    found = tell(
        timeline, window.after, window.until, policy=sedation, stay=window.stay
    )
    return [
        Observed(
            total.at,
            Interval(float(total.range.high < below), float(total.range.low < below)),
            total.evidence,
        )
        for total in found
    ]


def _by_acvpu(
    timeline: Timeline, window: Window, policy: BedsidePolicy
) -> Sequence[Observed]:
    """The same; words nobody can read leave both possible."""

    def words(after: datetime, until: datetime) -> list[Observed]:
        return [
            Observed(fact.happened_at, _alertness(fact.text), (fact.event_id,))
            for fact in timeline.between(Assessment, _ACVPU, after, until)
            if window.stay is None or fact.stay == window.stay
        ]

    if policy.pick == "worst":
        return words(window.after, window.until)
    return last_told(timeline, (_ACVPU,), window.after, window.until, words)


def _alertness(text: str | None) -> Interval:
    word = (text or "").strip().casefold()
    if word in ALERT:
        return Interval(0.0, 0.0)
    return Interval(1.0, 1.0) if word in NOT_ALERT else _MAYBE
