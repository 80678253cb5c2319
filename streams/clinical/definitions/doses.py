"""Whether enough antimicrobials were there for an infection to be suspected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from streams.clinical.definitions.policies import SuspicionPolicy
from streams.clinical.scores.chart import back
from streams.clinical.scores.stays import UnitStay
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS, death_on_record
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import Clinical, Medication


SHORT_STAY = DAY
"""Valik: one dose will do where intensive care lasted less long."""

EARLY_DEATH = timedelta(hours=48)
"""... or where death came within this time of it."""

_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Enough:
    """When there was enough, and the events beside the first dose that say so."""

    at: datetime
    evidence: tuple[str, ...] = ()


def enough_doses(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    stays: Sequence[UnitStay],
    now: datetime | None,
    counts: Callable[[Clinical, SuspicionPolicy], bool],
) -> Enough | None:
    """By `now` (None: ever); None while there is not enough.

    An order and the doses given of it are as many doses as were given.
    """
    if policy.doses <= 1:
        return Enough(drug.happened_at)
    excused = _excused(timeline, drug, stays, now)
    found = [
        one
        for one in (
            _by_number(timeline, policy, drug, now, counts),
            *(excused if policy.single_dose == "short_care_or_death" else ()),
        )
        if one is not None
    ]
    return min(found, key=lambda one: (one.at, one.evidence), default=None)


def _by_number(
    timeline: Timeline,
    policy: SuspicionPolicy,
    drug: Medication,
    now: datetime | None,
    counts: Callable[[Clinical, SuspicionPolicy], bool],
) -> Enough | None:
    start, wanted = drug.happened_at, policy.doses - 1
    last = start + policy.doses_within
    there = timeline.between(
        Medication, "medication", back(start), last if now is None else min(now, last)
    )
    kept = _further([fact for fact in there if counts(fact, policy)], drug)
    late = [one for one in kept if one.happened_at >= start + policy.doses_after]
    if len(late) < wanted:
        return None
    doses = late[:wanted]
    return Enough(doses[-1].happened_at, tuple(one.event_id for one in doses))


def _further(there: Sequence[Medication], drug: Medication) -> list[Medication]:
    """The doses after the first; what was ordered and then given is one dose."""
    given = [one for one in there if one.stage == "given" and one.order_id is not None]
    of_orders = {one.order_id for one in given}
    first = drug.event_id
    if drug.stage == "ordered" and drug.order_id in of_orders:
        first = next(one.event_id for one in given if one.order_id == drug.order_id)
    return [
        one
        for one in there
        if one.event_id not in {drug.event_id, first}
        and not (one.stage == "ordered" and one.order_id in of_orders)
    ]


def _excused(
    timeline: Timeline,
    drug: Medication,
    stays: Sequence[UnitStay],
    now: datetime | None,
) -> Iterator[Enough]:
    """What kept the patient from further doses."""
    start = drug.happened_at
    for stay in stays:
        if stay.encounter == drug.encounter and stay.holds(start):
            left = stay.left
            if left is not None and left - stay.entered < SHORT_STAY:
                yield Enough(left)
    dying = death_on_record(timeline, _EVER if now is None else now)
    if dying is not None and start <= dying.latest <= start + EARLY_DEATH:
        known = dying.latest if dying.earliest == ALWAYS else dying.earliest
        yield Enough(max(start, known), dying.evidence)
