"""Coming, going, dying, and who the patient is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from streams.adapters.site.configuration import Ward
from streams.adapters.tabular.mapping.facts import (
    DeathFact,
    DemographicsFact,
    EncounterFact,
    LocationFact,
)
from streams.adapters.tabular.mapping.line import At, Line
from streams.adapters.tabular.mapping.making.words import one_of
from streams.adapters.tabular.mapping.stamping import AT_ONCE, Binding
from streams.vocabulary.errors import ErrorCode
from streams.vocabulary.events import Death, Demographics, Encounter, Event, Location
from streams.vocabulary.facts import Flag


Makes = Callable[[Line], Iterator[Event]]

_CLASSES: tuple[Literal["emergency", "inpatient", "outpatient", "other"], ...] = (
    "emergency",
    "inpatient",
    "outpatient",
    "other",
)
_DISPOSITIONS: tuple[
    Literal["home", "hospice", "acute_hospital", "facility", "died", "other"], ...
] = ("home", "hospice", "acute_hospital", "facility", "died", "other")
_LEVELS: tuple[
    Literal["icu", "intermediate", "ward", "emergency", "theatre", "other"], ...
] = ("icu", "intermediate", "ward", "emergency", "theatre", "other")
_SEXES: tuple[Literal["female", "male", "other"], ...] = ("female", "male", "other")
_PLACES: tuple[Literal["hospital", "elsewhere"], ...] = ("hospital", "elsewhere")
_AGES = range(131)


def encounters(fact: EncounterFact, binding: Binding) -> Makes:
    """Registration, admission and discharge, as far as they are told."""
    sheet = binding.sheet
    registered, admitted = sheet.told(fact.registered), sheet.told(fact.admitted)
    discharged, named = sheet.told(fact.discharged), binding.encounter(fact)
    sort, gone_to = sheet.said(fact.encounter_class), sheet.said(fact.disposition)
    stamps = binding.stamps(fact, AT_ONCE)
    table = binding.table.table

    def make(line: Line) -> Iterator[Event]:
        came, left = admitted(line), discharged(line)
        sorted_as = one_of(sort(line), _CLASSES, line, "encounter_class") or "inpatient"
        early = came is not None and left is not None and left.moment < came.moment

        def event(
            phase: Literal["registered", "admitted", "discharged"], at: At
        ) -> Encounter:
            stamp, ends = stamps(line, at), phase == "discharged"
            disposition = one_of(gone_to(line), _DISPOSITIONS, line, "disposition")
            known = max(stamp.known, came.moment) if ends and came else stamp.known
            return Encounter(
                event_id=f"{table}:{stamp.encounter or line.patient}:{phase}",
                happened_at=stamp.happened,
                known_at=known,
                version=stamp.version,
                encounter=stamp.encounter,
                phase=phase,
                encounter_class="emergency" if phase == "registered" else sorted_as,
                disposition=disposition if ends else None,
                flags=stamp.flags
                + ((Flag.STOP_BEFORE_START,) if ends and early else ()),
            )

        if not named(line):
            return
        if (begun := registered(line)) is not None:
            yield event("registered", begun)
        if came is not None:
            yield event("admitted", came)
        if left is not None:
            yield event("discharged", left)

    return make


def locations(fact: LocationFact, binding: Binding, wards: Mapping[str, Ward]) -> Makes:
    """Entering a unit and leaving it."""
    sheet = binding.sheet
    ward, level = sheet.said(fact.ward), sheet.said(fact.level)
    entered, left = sheet.told(fact.entered), sheet.told(fact.left)
    stamps, event_id = binding.stamps(fact, AT_ONCE), binding.event_id(fact)
    visit = binding.reference(sheet.whole(fact.visit), "stay")

    def make(line: Line) -> Iterator[Event]:
        place, came, went = ward(line), entered(line), left(line)
        if not place:
            return
        told = one_of(level(line), _LEVELS, line, "level")
        known_as = wards[place].level if place in wards else "other"
        early = came is not None and went is not None and went.moment < came.moment

        def event(phase: Literal["entered", "left"], at: At, base: At) -> Location:
            stamp = stamps(line, at)
            ends = phase == "left"
            known = max(stamp.known, came.moment) if ends and came else stamp.known
            return Location(
                event_id=event_id(line, base.moment, f"{place}:{phase}"),
                happened_at=stamp.happened,
                known_at=known,
                version=stamp.version,
                encounter=stamp.encounter,
                stay=visit(line) or stamp.stay,
                flags=stamp.flags + ((Flag.STOP_BEFORE_START,) if early else ()),
                phase=phase,
                ward=place,
                level=told or known_as,
            )

        if came is not None:
            yield event("entered", came, came)
        if went is not None:
            yield event("left", went, came or went)

    return make


def demographics(fact: DemographicsFact, binding: Binding) -> Makes:
    """Sex and year of birth, whatever of them is told."""
    sheet = binding.sheet
    sex, birth = sheet.said(fact.sex), sheet.told(fact.birth)
    year = sheet.number(fact.birth_year, "birth_year")
    age = sheet.number(fact.age, "age")
    at, stamps = binding.at(fact), binding.stamps(fact, AT_ONCE)
    table = binding.table.table

    def make(line: Line) -> Iterator[Event]:
        moment = at(line)
        stamp, told = stamps(line, moment), one_of(sex(line), _SEXES, line, "sex")
        born, old, in_year = birth(line), age(line), year(line)
        if old is not None and int(old) not in _AGES:
            line.reject(
                ErrorCode.IMPOSSIBLE_VALUE, "age", "Nobody has such an age.", ""
            )
        since = None if old is None else stamp.happened.year - int(old)
        found = born.moment.year if born is not None else in_year or since
        if told is None and found is None:
            return
        yield Demographics(
            event_id=f"{table}:{line.patient}:demographics:{told}:{found or ''}",
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            flags=stamp.flags,
            sex=told,
            birth_year=None if found is None else int(found),
            age_precision=(
                "stated"
                if born is None and in_year is None and old is not None
                else "year"
            ),
        )

    return make


def deaths(fact: DeathFact, binding: Binding) -> Makes:
    """The death, where its time is told."""
    told = binding.sheet.told(fact.at if fact.at is not None else binding.table.at)
    place, stamps = binding.sheet.said(fact.place), binding.stamps(fact, AT_ONCE)
    table = binding.table.table

    def make(line: Line) -> Iterator[Event]:
        at = told(line)
        if at is None:
            return
        stamp = stamps(line, at)
        yield Death(
            event_id=f"{table}:{line.patient}:death",
            happened_at=stamp.happened,
            known_at=stamp.known,
            version=stamp.version,
            encounter=stamp.encounter,
            flags=stamp.flags,
            place=one_of(place(line), _PLACES, line, "place"),
            basis=table,
        )

    return make
