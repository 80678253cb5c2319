"""Judges how long it is since an anchor, or from one anchor to another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from streams.clinical.criteria.anchors import (
    Anchored,
    anchor_reads,
    anchored,
    is_absent,
)
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.vocabulary.kinds.standing import Elapsed
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3
from streams.vocabulary.units import convert
from streams.vocabulary.windows import Anchor


@foreseen
def judge_elapsed(rule: Elapsed, view: PatientView, now: datetime) -> Judgement:
    """The length from the one moment to the other, or up to now.

    A moment of which only the date is known leaves a length that may be a day longer.
    """
    begun = anchored(rule.since, view, now)
    if begun is None:
        return _untold(rule, rule.since, view, now)
    ended = Anchored(now, now)
    if rule.until is not None:
        known = anchored(rule.until, view, now)
        if known is None:
            return _untold(rule, rule.until, view, now)
        ended = known
    said = _compared(rule, begun, ended)
    need = (f"the time of day of {rule.since}",) if said is UNKNOWN else ()
    return Judgement(said, once((*begun.evidence, *ended.evidence)), would_need=need)


def elapsed_reads(rule: Elapsed) -> Iterable[str]:
    """What tells the two anchors."""
    return (*anchor_reads(rule.since), *anchor_reads(rule.until))


def _untold(
    rule: Elapsed, anchor: Anchor, view: PatientView, now: datetime
) -> Judgement:
    """An anchor that is not there is absent; one that dates leave open is unknown."""
    if is_absent(anchor, view, now):
        return absent(rule, str(anchor))
    return Judgement(UNKNOWN, would_need=(str(anchor),))


def _compared(rule: Elapsed, begun: Anchored, ended: Anchored) -> Truth3:
    """By moments, so that the one that moves is seen to pass the edge."""
    length = _length(rule)
    edge, latest_edge = begun.at + length, begun.latest + length
    upward = rule.is_.operator in (">", ">=")
    strict = rule.is_.operator in (">", "<=")
    past = _past(ended, edge, latest_edge, strict=strict)
    return past if upward else ~past


def _past(
    ended: Anchored, edge: datetime, latest_edge: datetime, *, strict: bool
) -> Truth3:
    """Whether it ended after the edge; on it, too, unless `strict`."""
    if ended.at > latest_edge or (not strict and ended.at >= latest_edge):
        return TRUE
    if ended.latest < edge or (strict and ended.latest <= edge):
        return FALSE
    return UNKNOWN


def _length(rule: Elapsed) -> timedelta:
    seconds = convert(rule.is_.value, from_unit=rule.is_.unit, to_unit="s")
    return timedelta(seconds=seconds)
