"""Dead, alive, or nobody can say: what the record proves of a moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from streams.clinical.timeline import Lane, Timeline
from streams.vocabulary.clock import DAY
from streams.vocabulary.events import (
    Clinical,
    Death,
    Encounter,
    Infusion,
    Location,
    Medication,
    VitalStatusContact,
)
from streams.vocabulary.facts import Flag


INSTANT = timedelta.resolution
"""The least step of time."""

ALWAYS = datetime.min.replace(tzinfo=UTC)
"""Earlier than any fact."""

_PROOF = (
    "measurement:",
    "assessment:",
    "respiratory_support",
    "fluid:",
    "vital_status",
    "encounter",
    "location",
    "medication",
    "infusion:",
)
"""Lanes whose facts only a living patient has (some of them, see `_proves_life`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dying:
    """When the patient died, as far as the record tells."""

    earliest: datetime
    latest: datetime
    """A date without a time of day may mean any moment of that day."""
    place: str | None
    evidence: tuple[str, ...]
    disputed: bool = False
    """Whether another source gives a time that cannot be the same death."""
    alive_later: bool = False
    """Whether somebody is on record who found the patient alive after it."""


def death_on_record(timeline: Timeline, now: datetime) -> Dying | None:
    """The death that stands; of several the earliest that the hospital reported.

    A registry often has a day only, and sometimes the wrong one.
    """
    told = [*_deaths(timeline, now)]
    if not told:
        return None
    hospital = [death for death in told if death.place == "hospital"]
    stands = min(hospital or told, key=lambda d: (d.latest, d.evidence))
    disputed = [d for d in told if not _may_be_one(d, stands)]
    contacts = timeline.between(VitalStatusContact, "vital_status", stands.latest, now)
    alive = [contact.event_id for contact in contacts if contact.alive]
    return replace(
        stands,
        evidence=(*stands.evidence, *(e for d in disputed for e in d.evidence), *alive),
        disputed=bool(disputed),
        alive_later=bool(alive),
    )


def sign_of_life(timeline: Timeline, since: datetime, now: datetime) -> Clinical | None:
    """The first fact from `since` to `now` that only a living patient has.

    Each lane is read only up to the first sign found so far.
    """
    first: Clinical | None = None
    for name, lane in timeline.lanes(""):
        if name.startswith(_PROOF):
            first = _first_proof(lane, since, now, first)
    return first


def _deaths(timeline: Timeline, now: datetime) -> Iterator[Dying]:
    """Deaths as reported, discharges as dead, and contacts that found the patient dead.

    A discharge as dead is when the bed was left, so it counts only where nothing else
    from the hospital gives the hour.
    """
    reported = timeline.between(Death, "death", ALWAYS, now)
    for death in reported:
        yield _reported(death)
    if not any(death.place == "hospital" for death in reported):
        for fact in timeline.between(Encounter, "encounter", ALWAYS, now):
            if fact.phase == "discharged" and fact.disposition == "died":
                yield _at(fact.happened_at, fact.happened_at, "hospital", fact)
    if not reported:
        for contact in timeline.between(
            VitalStatusContact, "vital_status", ALWAYS, now
        ):
            if not contact.alive:
                yield _at(ALWAYS, contact.happened_at, None, contact)


def _reported(death: Death) -> Dying:
    earliest = latest = death.happened_at
    if Flag.DATE_ONLY in death.flags:
        latest = earliest + DAY - INSTANT
    return _at(earliest, latest, death.place, death)


def _at(
    earliest: datetime, latest: datetime, place: str | None, fact: Clinical
) -> Dying:
    return Dying(
        earliest=earliest, latest=latest, place=place, evidence=(fact.event_id,)
    )


def _may_be_one(one: Dying, other: Dying) -> bool:
    return one.earliest <= other.latest and other.earliest <= one.latest


def _first_proof(
    lane: Lane, since: datetime, now: datetime, first: Clinical | None
) -> Clinical | None:
    """The lane's first sign of life, if it comes before `first`."""
    until = now if first is None else first.happened_at
    nearest = lane.next(since - INSTANT)
    if nearest is None or nearest.happened_at > until:
        return first
    if not _proves_life(nearest):
        later = lane.between(since - INSTANT, until)
        nearest = next((fact for fact in later if _proves_life(fact)), None)
    found = [fact for fact in (nearest, first) if fact is not None]
    return min(found, key=_moment, default=None)


def _moment(fact: Clinical) -> tuple[datetime, str]:
    return (fact.happened_at, fact.event_id)


def _proves_life(fact: Clinical) -> bool:
    """A chart may be closed, a bed left and an order stopped after a death."""
    match fact:
        case VitalStatusContact():
            return fact.alive
        case Encounter():
            left_alive = fact.disposition not in (None, "died")
            return fact.phase in ("registered", "admitted") or (
                fact.phase == "discharged" and left_alive
            )
        case Location():
            return fact.phase == "entered"
        case Medication():
            return fact.stage == "given"
        case Infusion():
            return fact.phase == "started"
        case _:
            return True
