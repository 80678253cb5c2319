"""The acute hospital stay of an episode, with the stays that continue it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS
from streams.vocabulary.clock import DAY, HOUR
from streams.vocabulary.events import Encounter


STITCH = 6 * HOUR
"""A stay that begins so soon after another goes on with it (clifpy's default)."""

TRANSFER = DAY
"""The same after a discharge to another acute hospital: the journey takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HospitalStay:
    """From coming to leaving; `left_at` is None while nothing says that it ended."""

    came_at: datetime
    left_at: datetime | None
    disposition: str | None
    evidence: tuple[str, ...]

    @property
    def transferred(self) -> bool:
        """Whether it goes on in a hospital that this record does not show."""
        return self.left_at is not None and self.disposition == "acute_hospital"

    @property
    def settled_at(self) -> datetime | None:
        """After this moment no stay can continue it."""
        if self.left_at is None:
            return None
        return self.left_at + (TRANSFER if self.transferred else STITCH)


@part
def hospital_stay(
    timeline: Timeline, episode: str, now: datetime
) -> HospitalStay | None:
    """The stay of that encounter and of all that continue it; None where none is."""
    return whole_stay(own_stays(timeline, now), episode)


def whole_stay(stays: Mapping[str, HospitalStay], episode: str) -> HospitalStay | None:
    """One of these, and of them all that continue it; None where there is none."""
    whole = stays.get(episode)
    if whole is None or whole.left_at is None:
        return whole
    later = sorted(
        (stay for name, stay in stays.items() if name != episode),
        key=lambda stay: (stay.came_at, stay.evidence),
    )
    for stay in later:
        if _continues(whole, stay):
            whole = _joined(whole, stay)
    return whole


@part
def own_stays(timeline: Timeline, now: datetime) -> Mapping[str, HospitalStay]:
    """Each encounter's own stay by `now`; clinic visits and cancelled ones are none."""
    said = timeline.between(Encounter, "encounter", ALWAYS, now)
    by_name = sorted(said, key=lambda fact: fact.encounter or "none")
    lives = groupby(by_name, key=lambda fact: fact.encounter or "none")
    found = ((name, _one(list(life))) for name, life in lives)
    return {name: stay for name, stay in found if stay is not None}


def _one(life: list[Encounter]) -> HospitalStay | None:
    last = life[-1]
    if last.phase == "cancelled" or last.encounter_class == "outpatient":
        return None
    left = last if last.phase == "discharged" else None
    return HospitalStay(
        came_at=life[0].happened_at,
        left_at=None if left is None else left.happened_at,
        disposition=None if left is None else left.disposition,
        evidence=(last.event_id,),
    )


def _continues(whole: HospitalStay, stay: HospitalStay) -> bool:
    settled = whole.settled_at
    if settled is None or whole.left_at is None or whole.disposition == "died":
        return False
    outlasts = stay.left_at is None or stay.left_at > whole.left_at
    return whole.came_at <= stay.came_at <= settled and outlasts


def _joined(whole: HospitalStay, stay: HospitalStay) -> HospitalStay:
    return HospitalStay(
        came_at=whole.came_at,
        left_at=stay.left_at,
        disposition=stay.disposition,
        evidence=(*whole.evidence, *stay.evidence),
    )
