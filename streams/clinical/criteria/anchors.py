"""Moments that windows count from, as the record tells them.

What the view brings along stands: it is what opened the screening, and it is frozen
where the protocol says so.  The rest is read from the timeline: the hospital stay of
this episode, its first ICU, its first vasopressor, its first ventilator.
Where the record does not tell an anchor, nothing is counted from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from streams.clinical.criteria.judgement import (
    ENTRY,
    INSTANT,
    ONSET,
    PatientView,
    since,
)
from streams.vocabulary.clock import DAY
from streams.vocabulary.drugs import drugs_of_class
from streams.vocabulary.events import (
    Encounter,
    Infusion,
    Location,
    RespiratorySupport,
)
from streams.vocabulary.facts import Fact, Flag
from streams.vocabulary.windows import Anchor


FactT = TypeVar("FactT", bound=Fact)


@dataclass(frozen=True, slots=True)
class Anchored:
    """A moment, the latest that it can have been, and the event that tells it."""

    at: datetime
    latest: datetime
    """The same, unless the source gives a date alone."""
    evidence: tuple[str, ...] = ()


def anchored(name: Anchor, view: PatientView, now: datetime) -> Anchored | None:
    """The anchor as it is known by `now`; None where the record does not tell it."""
    given = view.anchors.get(name)
    if given is not None:
        return Anchored(given, given)
    of, _, clock = name.partition(".")
    if of == "onset":
        return _flagged(view, clock)
    fact = _FIRST[of](view, now) if of in _FIRST else None
    if fact is None:
        return None
    if clock == "known_at":
        return Anchored(fact.known_at, fact.known_at, (fact.event_id,))
    at = fact.happened_at
    return Anchored(at, max(at, min(latest_of(fact), now)), (fact.event_id,))


def anchor_reads(name: Anchor | None) -> tuple[str, ...]:
    """What the anchor is told by: lanes, the flag, or what opened the screening."""
    return () if name is None else _READS[name.partition(".")[0]]


def latest_of(fact: Fact) -> datetime:
    """The latest that a fact can have happened: of a date its last instant.

    What was known had happened; but where it is filed as known from its first instant
    on, nobody measured that.
    """
    if Flag.DATE_ONLY not in fact.flags:
        return fact.happened_at
    end = fact.happened_at + DAY - INSTANT
    return end if fact.known_at <= fact.happened_at else min(end, fact.known_at)


def of_this_stay(view: PatientView, facts: Iterable[FactT]) -> Iterator[FactT]:
    """Those filed under the hospital stay of this episode, or under none."""
    for fact in facts:
        if view.episode == "none" or fact.encounter in (None, view.episode):
            yield fact


def hospital_stay(view: PatientView, now: datetime) -> Encounter | None:
    """When the patient came for the hospital stay of this episode.

    Where the screening names none: for the stay that began last.
    """
    came: dict[str | None, Encounter] = {}
    for fact in view.timeline.between(Encounter, "encounter", since(now, None), now):
        if fact.encounter_class != "outpatient" and fact.phase in _BEGINS:
            came.setdefault(fact.encounter, fact)
    if view.episode != "none":
        return came.get(view.episode)
    return max(came.values(), key=_moment, default=None)


def _flagged(view: PatientView, clock: str) -> Anchored | None:
    flag = view.onset
    if flag is None or flag.status == "withdrawn":
        return None
    at = flag.known_at if clock == "known_at" else flag.happened_at
    return Anchored(at, at, flag.evidence)


def _first_icu(view: PatientView, now: datetime) -> Location | None:
    said = _since_arrival(Location, "location", view, now)
    return next((f for f in said if f.phase == "entered" and f.level == "icu"), None)


def _first_vasopressor(view: PatientView, now: datetime) -> Infusion | None:
    firsts = (
        next(filter(_runs, _since_arrival(Infusion, lane, view, now)), None)
        for lane in VASOPRESSORS
    )
    return min((f for f in firsts if f is not None), key=_moment, default=None)


def _first_ventilation(view: PatientView, now: datetime) -> RespiratorySupport | None:
    lane = "respiratory_support"
    said = _since_arrival(RespiratorySupport, lane, view, now)
    ventilated = ("invasive", "niv")
    return next(
        (f for f in said if f.category in ventilated and f.phase != "stopped"), None
    )


def _since_arrival(
    kind: type[FactT], lane: str, view: PatientView, now: datetime
) -> Iterator[FactT]:
    """Facts of this hospital stay; what is filed under none, since it began."""
    arrival = hospital_stay(view, now)
    for fact in of_this_stay(
        view, view.timeline.between(kind, lane, since(now, None), now)
    ):
        filed = fact.encounter is not None and view.episode != "none"
        if filed or arrival is None or latest_of(fact) >= arrival.happened_at:
            yield fact


def _runs(fact: Infusion) -> bool:
    """Whether it is a word that the drug runs."""
    stands_still = fact.rate == 0 or (fact.rate is None and fact.sent_rate == 0)
    return fact.phase != "stopped" and not stands_still


def _moment(fact: Fact) -> tuple[datetime, str]:
    return fact.happened_at, fact.event_id


_BEGINS = ("registered", "admitted")

VASOPRESSORS = tuple(sorted(f"infusion:{d}" for d in drugs_of_class("vasopressor")))

_FIRST: Mapping[str, Callable[[PatientView, datetime], Fact | None]] = MappingProxyType(
    {
        "hospital": hospital_stay,
        "icu": _first_icu,
        "vasopressor": _first_vasopressor,
        "ventilation": _first_ventilation,
    }
)

_READS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "entry": (ENTRY,),
        "onset": (ONSET,),
        "hospital": ("encounter",),
        "icu": ("encounter", "location"),
        "vasopressor": ("encounter", *VASOPRESSORS),
        "ventilation": ("encounter", "respiratory_support"),
        "culture": (ENTRY,),
    }
)
