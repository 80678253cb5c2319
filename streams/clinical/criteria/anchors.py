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
    first = list(_FIRST[of](view, now)) if of in _FIRST else []
    if not first:
        return None
    evidence = (first[0].event_id,)
    if clock == "known_at":
        known = first[0].known_at
        return Anchored(known, known, evidence) if len(first) == 1 else None
    at = first[0].happened_at
    latest = min(latest_of(fact) for fact in first)
    return Anchored(at, max(at, min(latest, now)), evidence)


def anchor_reads(name: Anchor | None) -> tuple[str, ...]:
    """What the anchor is told by: lanes, the flag, or what opened the screening."""
    return () if name is None else _READS[name.partition(".")[0]]


def is_absent(name: Anchor, view: PatientView, now: datetime) -> bool:
    """Whether nothing is on record that could be it, in this stay or any other."""
    lanes = [lane for lane in anchor_reads(name) if lane != "encounter"]
    told = [lane for lane in lanes or ["encounter"] if not lane.startswith("@")]
    return all(view.timeline.lane(lane).latest(now) is None for lane in told)


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

    Where the screening names none: for the stay that began last; None where dates alone
    do not tell which that was.
    """
    return next(_arrivals(view, now), None)


def _arrivals(view: PatientView, now: datetime) -> Iterator[Encounter]:
    """The first word of the arrival; and those that may be, where that is a date."""
    came: dict[str | None, list[Encounter]] = {}
    for fact in view.timeline.between(Encounter, "encounter", since(now, None), now):
        if fact.encounter_class != "outpatient" and fact.phase in _BEGINS:
            came.setdefault(fact.encounter, []).append(fact)
    if view.episode != "none":
        yield from _leading(came.get(view.episode, ()))
        return
    by_arrival = sorted(came.values(), key=lambda said: _moment(said[0]))
    if by_arrival:
        last = by_arrival[-1]
        if all(latest_of(o[0]) <= last[0].happened_at for o in by_arrival[:-1]):
            yield from _leading(last)


def _flagged(view: PatientView, clock: str) -> Anchored | None:
    flag = view.onset
    if flag is None or flag.status == "withdrawn":
        return None
    at = flag.known_at if clock == "known_at" else flag.happened_at
    return Anchored(at, at, flag.evidence)


def _first_icu(view: PatientView, now: datetime) -> Iterator[Location]:
    def enters(fact: Location) -> bool:
        return fact.phase == "entered" and fact.level == "icu"

    return _first(enters, Location, ("location",), view, now)


def _first_vasopressor(view: PatientView, now: datetime) -> Iterator[Infusion]:
    return _first(_runs, Infusion, VASOPRESSORS, view, now)


def _first_ventilation(
    view: PatientView, now: datetime
) -> Iterator[RespiratorySupport]:
    def ventilates(fact: RespiratorySupport) -> bool:
        return fact.category in ("invasive", "niv") and fact.phase != "stopped"

    lanes = ("respiratory_support",)
    return _first(ventilates, RespiratorySupport, lanes, view, now)


def _first(
    is_it: Callable[[FactT], bool],
    kind: type[FactT],
    lanes: Iterable[str],
    view: PatientView,
    now: datetime,
) -> Iterator[FactT]:
    """The first such fact of this hospital stay, and those that may be it.

    What is filed under no stay belongs to this one from its arrival on; where dates
    alone leave open whether the first does, there is none.
    """
    found = sorted(
        (
            fact
            for lane in lanes
            for fact in view.timeline.between(kind, lane, since(now, None), now)
            if is_it(fact)
        ),
        key=_moment,
    )
    arrival = hospital_stay(view, now)
    possible = [f for f in of_this_stay(view, found) if _belongs(view, f, arrival)]
    lost = arrival is None and bool(view.timeline.lane("encounter").latest(now))
    sure = not possible or _surely_belongs(view, possible[0], arrival, lost=lost)
    return _leading(possible if sure else ())


def _leading(facts: Iterable[FactT]) -> Iterator[FactT]:
    """The first; and those after it that may be, where only its date is known."""
    soonest: datetime | None = None
    for fact in facts:
        if soonest is not None and fact.happened_at > soonest:
            return
        yield fact
        latest = latest_of(fact)
        soonest = latest if soonest is None else min(soonest, latest)


def _belongs(view: PatientView, fact: Fact, arrival: Encounter | None) -> bool:
    filed = fact.encounter is not None and view.episode != "none"
    return filed or arrival is None or latest_of(fact) >= arrival.happened_at


def _surely_belongs(
    view: PatientView, fact: Fact, arrival: Encounter | None, *, lost: bool
) -> bool:
    """Not where stays are on record, and it is `lost` which of them is this one."""
    if fact.encounter is not None and view.episode != "none":
        return True
    if arrival is None:
        return not lost
    return fact.happened_at >= latest_of(arrival)


def _runs(fact: Infusion) -> bool:
    """Whether it is a word that the drug runs."""
    stands_still = fact.rate == 0 or (fact.rate is None and fact.sent_rate == 0)
    return fact.phase != "stopped" and not stands_still


def _moment(fact: Fact) -> tuple[datetime, str]:
    return fact.happened_at, fact.event_id


_BEGINS = ("registered", "admitted")

VASOPRESSORS = tuple(sorted(f"infusion:{d}" for d in drugs_of_class("vasopressor")))

_FIRST: Mapping[str, Callable[[PatientView, datetime], Iterator[Fact]]] = (
    MappingProxyType(
        {
            "hospital": _arrivals,
            "icu": _first_icu,
            "vasopressor": _first_vasopressor,
            "ventilation": _first_ventilation,
        }
    )
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
