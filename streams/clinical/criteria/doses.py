"""Judges drugs in any window: whether there were any, how many doses, for how long.

A drug that nobody could classify may be an antimicrobial, and a dose of which only the
date is known may lie in the window: both may count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.clinical.criteria.anchors import latest_of
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import Interval, compare
from streams.clinical.criteria.judgement import (
    INSTANT,
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.clinical.criteria.medication import (
    LANE,
    OPEN_ORDER,
    drug_need,
    drug_of,
    judge_exposure,
    may_tell_of,
    runs_until,
    stops_since,
    surely_until,
)
from streams.clinical.criteria.windows import (
    Window,
    anchorless,
    is_dated,
    window_of,
    window_reads,
)
from streams.clinical.tracking.moment import NEVER
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Medication
from streams.vocabulary.kinds.treatment import OnMedication
from streams.vocabulary.quantities import Comparison
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3, any_of


@dataclass(frozen=True, slots=True)
class _Exposure:
    """A time at which the drug was on board, and whether it counts: TRUE or UNKNOWN."""

    at: datetime
    latest: datetime
    counts: Truth3
    evidence: str


def judge_medication(rule: OnMedication, view: PatientView, now: datetime) -> Judgement:
    """A stage of the drug's life in the window, or as many doses as asked."""
    if rule.within is not None and _is_plain(rule, view):
        return judge_exposure(rule, rule.within, view, now)
    told: Judgement = judge_fully(rule, view, now)
    return told


def medication_reads(rule: OnMedication) -> Iterable[str]:
    """All drugs, and what tells the window's anchor."""
    return (LANE, *window_reads(rule))


@foreseen
def judge_fully(rule: OnMedication, view: PatientView, now: datetime) -> Judgement:
    """Every exposure that counts or may, in any window.

    Whether dates are among them is read here too: it decides who judges.
    """
    _dated(view)
    window = window_of(rule, view, now)
    if window is None:
        return anchorless(rule)
    found = _exposures(rule, view, window, now)
    if not found:
        return absent(rule, drug_need(rule))
    said = _said(rule, found)
    nothing = FALSE if rule.absent_means is False else UNKNOWN
    if said is not nothing and all(one.counts is UNKNOWN for one in found):
        said = UNKNOWN
    deciding = found if rule.doses or rule.lasting else _last(found, said)
    return Judgement(
        said,
        once((*(one.evidence for one in deciding), *window.evidence)),
        would_need=(drug_need(rule),) if said is UNKNOWN else (),
    )


def _is_plain(rule: OnMedication, view: PatientView) -> bool:
    if rule.antimicrobial or rule.doses or rule.lasting or rule.since:
        return False
    return not _dated(view)


def _dated(view: PatientView) -> Sequence[Medication]:
    """The drugs of which only the date is known."""
    return view.timeline.sifted(Medication, LANE, is_dated, ALWAYS, NEVER)


def _exposures(
    rule: OnMedication, view: PatientView, window: Window, now: datetime
) -> list[_Exposure]:
    """What tells of the drug in the window; an order tells of all the time it ran."""
    ordered = "ordered" in rule.stages
    begin = window.begin - INSTANT - (OPEN_ORDER if ordered else DAY)
    told = view.timeline.sifted(Medication, LANE, may_tell_of(rule), begin, now)
    stops, is_drug = stops_since(view, told, now), drug_of(rule)
    kept: list[_Exposure] = []
    for fact in told:
        until = sure = latest_of(fact)
        if fact.stage == "ordered":
            until = runs_until(fact, stops)
            sure = surely_until(fact, stops)
        counts = _overlaps(window, fact, until, sure) & is_drug(fact)
        if counts is not FALSE:
            kept.append(_Exposure(fact.happened_at, until, counts, fact.event_id))
    return kept


def _overlaps(
    window: Window, fact: Medication, until: datetime, sure_until: datetime
) -> Truth3:
    """Whether the time from the fact to `until` shares a moment with the window."""
    if fact.stage != "ordered":
        return window.holds(fact.happened_at, until)
    if fact.happened_at > window.latest_end or until < window.begin:
        return FALSE
    sure = latest_of(fact) <= window.end and sure_until >= window.latest_begin
    return window.begun if sure else window.begun & UNKNOWN


def _said(rule: OnMedication, found: Sequence[_Exposure]) -> Truth3:
    if rule.doses is not None:
        return _counted(rule.doses, found)
    if rule.lasting is not None:
        return _lasted(rule.lasting, found)
    return any_of(one.counts for one in found)


def _counted(doses: Comparison, found: Sequence[_Exposure]) -> Truth3:
    sure = sum(one.counts is TRUE for one in found)
    return compare(Interval(sure, len(found)), doses.operator, doses.value)


def _lasted(length: timedelta, found: Sequence[_Exposure]) -> Truth3:
    """From the first dose to the last; a gap between them counts in."""
    sure = [one for one in found if one.counts is TRUE]
    if sure and max(o.at for o in sure) - min(o.latest for o in sure) >= length:
        return TRUE
    longest = max(one.latest for one in found) - min(one.at for one in found)
    return UNKNOWN if longest >= length else FALSE


def _last(found: Sequence[_Exposure], said: Truth3) -> Sequence[_Exposure]:
    """The exposure that lasts longest, of those that decided."""
    alike = [one for one in found if one.counts is said] or found
    return sorted(alike, key=lambda one: (one.latest, one.evidence))[-1:]
