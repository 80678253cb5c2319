"""Judges breathing support by its kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.clinical.criteria.windows import (
    anchorless,
    in_words,
    seen,
    window_of,
    window_reads,
)
from streams.vocabulary.events import RespiratorySupport
from streams.vocabulary.kinds.treatment import OnRespiratorySupport
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN


LANE = "respiratory_support"


@foreseen
def judge_respiratory_support(
    rule: OnRespiratorySupport, view: PatientView, now: datetime
) -> Judgement:
    """Support of one of these kinds charted in the window."""
    window = window_of(rule, view, now)
    need = f"{' or '.join(rule.any_of)} charted"
    if window is None:
        return anchorless(rule)
    said = [
        one
        for one in seen(RespiratorySupport, (LANE,), view, window)
        if one.fact.category is not None
    ]
    sure = [one for one in said if one.inside is TRUE]
    given = [one for one in said if one.fact.category in rule.any_of]
    for one in reversed(given):
        if one.inside is TRUE:
            return Judgement(TRUE, once((one.fact.event_id, *window.evidence)))
    if given:
        evidence = once((*(one.fact.event_id for one in given), *window.evidence))
        return Judgement(UNKNOWN, evidence, would_need=(f"{need}{in_words(rule)}",))
    if not sure:
        return absent(rule, need)
    return Judgement(FALSE, once((sure[-1].fact.event_id, *window.evidence)))


def breathing_reads(rule: OnRespiratorySupport) -> Iterable[str]:
    """What was charted of breathing support, and the window's anchor."""
    return (LANE, *window_reads(rule))
