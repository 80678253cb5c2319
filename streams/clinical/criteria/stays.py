"""Judges stays before this one: in hospital, in another facility, on the way here.

The record of one house does not tell of stays elsewhere, so that nothing on it proves
that there was none: only `absent_means` can say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from streams.clinical.criteria.anchors import hospital_stay
from streams.clinical.criteria.foresight import foreseen
from streams.clinical.criteria.judgement import Judgement, PatientView, absent, once
from streams.clinical.criteria.windows import is_dated
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Encounter
from streams.vocabulary.kinds.whereabouts import PriorStay, Transferred
from streams.vocabulary.quantities import write_duration
from streams.vocabulary.truth import TRUE, UNKNOWN


LANE = "encounter"
ON_THE_WAY = DAY
"""How long a transfer from one hospital to the next may take (ours)."""

_ELSEWHERE = ("acute_hospital", "facility", "hospice")


@foreseen
def judge_prior_stay(rule: PriorStay, view: PatientView, now: datetime) -> Judgement:
    """An in-patient stay that ended within so long before this one began.

    Who was discharged to another facility was in one (`facility: true`).
    """
    need = f"stays in the {write_duration(rule.within)} before this one"
    if (dated := _dated(view, now)) is not None:
        return Judgement(UNKNOWN, dated, would_need=(need,))
    arrival = hospital_stay(view, now)
    if arrival is None:
        return absent(rule, "hospital stay")
    begin = arrival.happened_at - rule.within
    ended = [
        gone
        for gone in _ended_before(arrival, view, now)
        if gone.happened_at >= begin
        and (_was_inpatient(gone, view, now) or (rule.facility and _went_on(gone)))
    ]
    if ended:
        return Judgement(TRUE, once(gone.event_id for gone in ended))
    return absent(rule, need)


@foreseen
def judge_transferred(rule: Transferred, view: PatientView, now: datetime) -> Judgement:
    """Whether a stay in an acute hospital passed the patient on to this one."""
    need = "where the patient came from"
    if (dated := _dated(view, now)) is not None:
        return Judgement(UNKNOWN, dated, would_need=(need,))
    arrival = hospital_stay(view, now)
    if arrival is None:
        return absent(rule, "hospital stay")
    sent = [
        gone
        for gone in _ended_before(arrival, view, now)
        if gone.disposition == "acute_hospital"
        and gone.happened_at >= arrival.happened_at - ON_THE_WAY
    ]
    if sent:
        return Judgement(TRUE, once((*(g.event_id for g in sent), arrival.event_id)))
    return absent(rule, need)


def stays_read(_: PriorStay | Transferred) -> Iterable[str]:
    """The hospital stays."""
    return (LANE,)


def _dated(view: PatientView, now: datetime) -> tuple[str, ...] | None:
    """The stays of which only dates are known, where there are several stays.

    Which of two came first, and how long after the other, a date does not tell.
    """
    said = view.timeline.between(Encounter, LANE, ALWAYS, now)
    dated = once(fact.event_id for fact in said if is_dated(fact))
    return dated if dated and len({fact.encounter for fact in said}) > 1 else None


def _ended_before(
    arrival: Encounter, view: PatientView, now: datetime
) -> Iterator[Encounter]:
    """The ends of other stays that had ended when this one began."""
    for fact in view.timeline.between(Encounter, LANE, ALWAYS, now):
        if (
            fact.phase == "discharged"
            and fact.encounter != arrival.encounter
            and fact.happened_at <= arrival.happened_at
        ):
            yield fact


def _was_inpatient(gone: Encounter, view: PatientView, now: datetime) -> bool:
    """Whether any word about the stay that ended says so."""
    said = view.timeline.between(Encounter, LANE, ALWAYS, now)
    return any(
        fact.encounter == gone.encounter
        and (fact.phase == "admitted" or fact.encounter_class == "inpatient")
        and fact.encounter_class != "outpatient"
        for fact in said
    )


def _went_on(gone: Encounter) -> bool:
    return gone.disposition in _ELSEWHERE
