"""The hospital stay that an event belongs to: its first day, its end, its scope."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from streams.clinical.definitions.ase.days import HospitalDays, later
from streams.clinical.definitions.ase.policy import AsePolicy
from streams.clinical.hospital_stay import HospitalStay, own_stays, whole_stay
from streams.clinical.timeline import Timeline, part
from streams.clinical.vital_status import ALWAYS, death_on_record
from streams.vocabulary.events import Clinical, CodeStatus, Demographics, Encounter
from streams.vocabulary.truth import FALSE, TRUE, UNKNOWN, Truth3


NO_ENCOUNTER = "none"
"""The stay's name where the source names none."""

FOREVER = datetime.max.replace(tzinfo=UTC)

ADULT = 18
"""Years (p. 4)."""

EARLY_DAYS = 2
"""Days before admission that count: the hospital days 0 and -1 (p. 6)."""

EndName = Literal["death", "comfort_only", "hospice", "acute_hospital"]
"""What excuses fewer antimicrobial days than four (p. 8)."""

_LEAVINGS: dict[str | None, EndName] = {
    "hospice": "hospice",
    "acute_hospital": "acute_hospital",
}


@dataclass(frozen=True, slots=True)
class End:
    """One of them, the day it came, and from when it is certain."""

    name: EndName
    day: date
    at: datetime
    """Leaving is certain once no stay can continue this one."""
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One stay in hospital, with those that continue it."""

    encounter: str
    day_1: date
    """The day of admission; of arrival, where nothing tells of an admission."""
    came_at: datetime
    left_at: datetime | None
    settled_at: datetime | None
    """After this nothing can continue it; None while the patient is there."""
    adult: Truth3
    in_scope: Truth3
    """In-patients, and who died in the emergency department (p. 4)."""
    in_scope_at: datetime | None
    ends: tuple[End, ...]
    evidence: tuple[str, ...]

    @property
    def first_day(self) -> date:
        """The first day whose facts count."""
        return later(self.day_1, -EARLY_DAYS)

    def hospital_day(self, day: date) -> int:
        """1 is the day of admission, 0 the day before."""
        return (day - self.day_1).days + 1


@part
def hospital_stays(
    timeline: Timeline, days: HospitalDays, policy: AsePolicy, now: datetime | None
) -> tuple[Stay, ...]:
    """Every stay begun by `now`, by the moment of coming."""
    until = now or FOREVER
    own = own_stays(timeline, until)
    found = [(name, stay) for name in own if (stay := whole_stay(own, name))]
    found.sort(key=lambda pair: (pair[1].came_at, pair[1].evidence))
    return tuple(
        _stay(timeline, days, policy, name, stay, until) for name, stay in _whole(found)
    )


def _whole(
    found: Iterable[tuple[str, HospitalStay]],
) -> Iterable[tuple[str, HospitalStay]]:
    """Without those that only go on with an earlier one."""
    told: set[str] = set()
    for name, stay in found:
        if stay.evidence[0] not in told:
            told.update(stay.evidence)
            yield name, stay


def _stay(
    timeline: Timeline,
    days: HospitalDays,
    policy: AsePolicy,
    name: str,
    stay: HospitalStay,
    until: datetime,
) -> Stay:
    last = [timeline.fact(event_id) for event_id in stay.evidence]
    names = {f.encounter or NO_ENCOUNTER for f in last if isinstance(f, Encounter)}
    life = [
        fact
        for fact in timeline.between(Encounter, "encounter", ALWAYS, until)
        if (fact.encounter or NO_ENCOUNTER) in names
    ]
    ends = tuple(_ends(timeline, days, stay, until))
    admitted = next((f for f in life if _admits(f)), None)
    scope, since = _scope(admitted, stay, ends, until)
    day_1 = days.of(admitted.happened_at if admitted else stay.came_at)
    return Stay(
        encounter=name,
        day_1=day_1,
        came_at=stay.came_at,
        left_at=stay.left_at,
        settled_at=stay.settled_at,
        adult=_adult(timeline, policy, day_1, until),
        in_scope=scope,
        in_scope_at=since,
        ends=ends,
        evidence=stay.evidence,
    )


def _admits(fact: Encounter) -> bool:
    """An emergency department registers; whatever else begins is an admission."""
    if fact.phase == "admitted":
        return fact.encounter_class != "outpatient"
    return fact.phase == "registered" and fact.encounter_class in ("inpatient", "other")


def _scope(
    admitted: Encounter | None, stay: HospitalStay, ends: tuple[End, ...], now: datetime
) -> tuple[Truth3, datetime | None]:
    if admitted is not None:
        return TRUE, admitted.happened_at
    died = next((end for end in ends if end.name == "death"), None)
    if died is not None:
        return TRUE, died.at
    if stay.settled_at is not None and stay.settled_at <= now:
        return FALSE, stay.settled_at
    return UNKNOWN, None


def _ends(
    timeline: Timeline, days: HospitalDays, stay: HospitalStay, until: datetime
) -> Iterable[End]:
    """What ended the chance of more antimicrobials, in this stay."""
    last = until if stay.left_at is None else stay.left_at
    left_on = date.max if stay.left_at is None else days.of(stay.left_at)
    for fact in timeline.between(CodeStatus, "code_status", ALWAYS, last):
        if fact.status == "comfort_only" and fact.happened_at >= stay.came_at:
            yield _end("comfort_only", days, fact)
    died = death_on_record(timeline, min(until, stay.settled_at or until))
    death = timeline.fact(died.evidence[0]) if died is not None else None
    if death is not None and days.of(stay.came_at) <= days.of_fact(death) <= left_on:
        yield _end("death", days, death)
    leaving = _LEAVINGS.get(stay.disposition)
    if leaving is not None and stay.settled_at is not None:
        yield End(leaving, left_on, stay.settled_at, stay.evidence[-1])


def _end(name: EndName, days: HospitalDays, fact: Clinical) -> End:
    return End(name, days.of_fact(fact), fact.happened_at, fact.event_id)


def _adult(
    timeline: Timeline, policy: AsePolicy, day_1: date, until: datetime
) -> Truth3:
    said = timeline.between(Demographics, "demographics", ALWAYS, until)
    for known in reversed(said):
        if known.birth_year is not None:
            most = day_1.year - known.birth_year
            least = most if known.age_precision == "stated" else most - 1
            return TRUE if least >= ADULT else FALSE if most < ADULT else UNKNOWN
    return TRUE if policy.unknown_age == "adult" else UNKNOWN
