"""Judges biomarkers: the last specimen's result, by an assay that counts.

A result by another assay is no result; one that names no assay is none either where an
assay is asked for.  A censored result is an interval.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.intervals import compare
from streams.clinical.criteria.judgement import (
    Judgement,
    PatientView,
    absent,
    once,
)
from streams.clinical.criteria.numbers import value_lanes, word_in
from streams.clinical.markers.evaluation import evaluate
from streams.clinical.markers.policy import MarkerPolicy
from streams.clinical.markers.readings import Reading, readings
from streams.clinical.markers.table import markers
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.kinds.enrichment import Marker
from streams.vocabulary.kinds.fitting import threshold
from streams.vocabulary.quantities import Comparison, write_duration
from streams.vocabulary.truth import UNKNOWN


@foreseen
def judge_marker(rule: Marker, view: PatientView, now: datetime) -> Judgement:
    """A concept compared as the rule says, or a rule of the table of markers."""
    if rule.is_ is None:
        return _by_the_table(rule, view, now)
    found = _by_the_assay(rule, view, now)
    return _compared(rule, rule.is_, found)


def marker_reads(rule: Marker) -> Iterable[str]:
    """The concept's lanes; a rule of the table is for adults or for children."""
    if rule.is_ is not None:
        return value_lanes(rule.marker)
    return (*value_lanes(markers()[rule.marker].concept), "demographics")


def _by_the_table(rule: Marker, view: PatientView, now: datetime) -> Judgement:
    policy = MarkerPolicy(stale_after=rule.within)
    found = evaluate(markers()[rule.marker], view.timeline, now, policy)
    if not found.evidence:
        return absent(rule, _need(rule))
    return Judgement(
        found.truth,
        once(found.evidence),
        would_need=(_need(rule),) if found.truth is UNKNOWN else (),
    )


def _by_the_assay(rule: Marker, view: PatientView, now: datetime) -> Sequence[Reading]:
    """Results of specimens taken in the window, oldest first."""
    begin = ALWAYS if rule.within is None else now - rule.within
    return [
        one
        for one in readings(view.timeline, rule.marker, ALWAYS, now)
        if begin <= one.at <= now
        and (rule.assay is None or word_in(one.assay, (rule.assay,)))
    ]


def _compared(rule: Marker, asked: Comparison, found: Sequence[Reading]) -> Judgement:
    if not found:
        return absent(rule, _need(rule))
    last = found[-1]
    said = UNKNOWN
    if last.range is not None:
        than = threshold(rule.marker, asked)
        said = compare(last.range, asked.operator, than)
    need = (_need(rule),) if said is UNKNOWN else ()
    return Judgement(said, (last.event_id,), would_need=need)


def _need(rule: Marker) -> str:
    assay = f" by {rule.assay}" if rule.assay else ""
    within = f" within {write_duration(rule.within)}" if rule.within else ""
    return f"{rule.marker}{assay}{within}"
