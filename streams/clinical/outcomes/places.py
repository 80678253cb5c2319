"""Where a patient was: in an intensive care unit, in hospital, or perhaps elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from streams.clinical.hospital_stay import HospitalStay, own_stays
from streams.clinical.outcomes.stretches import FAR, Stretch, perhaps, sure
from streams.clinical.timeline import Timeline
from streams.clinical.vital_status import ALWAYS, death_on_record
from streams.vocabulary.events import Location


class Stays:
    """The hospital stays that have happened by `now`, by time of coming."""

    def __init__(self, timeline: Timeline, now: datetime) -> None:
        stays = own_stays(timeline, now).values()
        self.stays = sorted(stays, key=lambda stay: (stay.came_at, stay.evidence))
        dying = death_on_record(timeline, now)
        self._died = FAR if dying is None else dying.latest

    def ends_after(self, moment: datetime) -> datetime:
        """The end of the stay that holds the moment, or death; `FAR` if there is none."""
        ends = (
            stay.left_at
            for stay in self.stays
            if stay.left_at is not None and stay.came_at <= moment <= stay.left_at
        )
        return min(min(ends, default=FAR), max(moment, self._died))

    def left_alive(self, end: datetime) -> bool:
        """Whether a stay ended then, not by death and not for another hospital."""
        return any(
            stay.left_at == end
            and stay.disposition != "died"
            and not stay.transferred
            and end < self._died
            for stay in self.stays
        )

    def next_after(self, moment: datetime) -> datetime:
        """When the next stay begins; `FAR` while none does."""
        later = (s.came_at for s in self.stays if s.came_at > moment)
        return min(later, default=FAR)


def in_hospital(stays: Stays) -> list[Stretch]:
    """Each stay; one that nothing ended goes on until death."""
    return [_whole(stay, stays) for stay in stays.stays]


def elsewhere(stays: Stays) -> list[Stretch]:
    """Perhaps in another acute hospital: after a transfer, until the next stay here."""
    return [
        perhaps(
            stay.left_at,
            stays.next_after(stay.left_at),
            "after_transfer",
            *stay.evidence,
        )
        for stay in stays.stays
        if stay.left_at is not None and stay.transferred
    ]


def in_icu(timeline: Timeline, stays: Stays, now: datetime) -> list[Stretch]:
    """From entering an intensive care unit until leaving it for a bed elsewhere.

    Theatre is on the way back.  Where the record tells of no unit at all, nobody knows.
    """
    told = timeline.between(Location, "location", ALWAYS, now)
    if not told:
        return [perhaps(ALWAYS, FAR, "unit_not_told")]
    return [*_units(told, stays)]


def _units(told: Sequence[Location], stays: Stays) -> Iterator[Stretch]:
    inside: Location | None = None
    for fact in told:
        if inside is not None and _ends(inside, fact):
            end = min(fact.happened_at, stays.ends_after(inside.happened_at))
            yield sure(inside.happened_at, end, inside.event_id, fact.event_id)
            inside = None
        if inside is None and fact.phase == "entered" and fact.level == "icu":
            inside = fact
    if inside is not None:
        end = stays.ends_after(inside.happened_at)
        yield sure(inside.happened_at, end, inside.event_id)


def _ends(inside: Location, fact: Location) -> bool:
    """Whether this word says that the unit was left."""
    if fact.phase == "entered":
        return fact.level not in ("icu", "theatre")
    if inside.stay is not None and fact.stay is not None:
        return fact.stay == inside.stay
    return fact.ward == inside.ward


def _whole(stay: HospitalStay, stays: Stays) -> Stretch:
    end = stay.left_at
    if end is None:
        end = stays.ends_after(stay.came_at)
    return sure(stay.came_at, end, *stay.evidence)
