"""Patient and Encounter: resources that grow with what becomes known of them.

A FHIR server says a resource anew, whole, whenever anything of it changes.
Source: HL7 FHIR R4 (4.0.1), Patient, Encounter, Location.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from streams.simulate.writers.codebook import AUTHORITY, WARDS
from streams.simulate.writers.fhir_parts import (
    TERMINOLOGY,
    Element,
    Resource,
    coding,
    concept,
    period,
    reference,
    resource,
    subject,
)
from streams.simulate.writers.people import identity_of
from streams.vocabulary.clock import iso
from streams.vocabulary.events import Death, Demographics, Encounter, Event, Location
from streams.vocabulary.messages import EhrMessage


STAY = (Demographics, Death, Encounter, Location)
"""What Patient and Encounter tell."""

_STATUS = {
    "registered": "arrived",
    "admitted": "in-progress",
    "discharged": "finished",
    "cancelled": "cancelled",
}
_DISPOSITION = {
    "home": "home",
    "hospice": "hosp",
    "acute_hospital": "other-hcf",
    "facility": "snf",
    "died": "exp",
    "other": "oth",
}


@dataclass(slots=True)
class Stay:
    """All that has been told of one patient's person and stay so far."""

    _person: list[Event] = field(default_factory=list)
    _phases: list[Encounter] = field(default_factory=list)
    _places: list[Location] = field(default_factory=list)

    def tell(self, told: EhrMessage, events: list[Event]) -> Iterator[Resource]:
        """The resources that are another now than before."""
        person = [e for e in events if isinstance(e, Demographics | Death)]
        phases = [e for e in events if isinstance(e, Encounter)]
        places = [e for e in events if isinstance(e, Location)]
        self._person += person
        self._phases += phases
        yield from _new_wards(told, self._places, places)
        self._places += places
        if person:
            yield self._patient(told)
        for name in dict.fromkeys(e.encounter for e in (*phases, *places)):
            yield from self._encounters(told, name or "")

    def _patient(self, told: EhrMessage) -> Resource:
        who = identity_of(told.patient)
        known = [e for e in self._person if isinstance(e, Demographics)]
        died = [e for e in self._person if isinstance(e, Death)]
        year = known[-1].birth_year if known else None
        return resource(
            "Patient",
            told.patient,
            told,
            identifier=[
                {"system": AUTHORITY, "value": told.patient},
                {"system": "urn:ember:madeup-insurance", "value": who.insurance},
            ],
            name=[{"family": who.family, "given": [who.given]}],
            telecom=[{"system": "phone", "value": who.phone}],
            address=[{"line": [who.street], "city": who.town}],
            gender=(known[-1].sex or "unknown") if known else None,
            birthDate=f"{year:04d}" if year else None,
            deceasedDateTime=iso(died[-1].happened_at) if died else None,
        )

    def _encounters(self, told: EhrMessage, name: str) -> Iterator[Resource]:
        """The stay, and its time in the emergency department as a part of it."""
        phases = sorted(self._phases, key=lambda e: (e.happened_at, _rank(e)))
        there = [e for e in phases if e.encounter_class == "emergency"]
        places = [e for e in self._places if e.level == "emergency"]
        if there or places:
            emergency = _Part(f"{name}-ed", "EMER", there, places, name)
            yield emergency.resource(told)
        stay = [e for e in phases if e not in there]
        places = [e for e in self._places if e.level != "emergency"]
        if stay or places:
            yield _Part(name, "IMP", stay, places, None).resource(told)


@dataclass(frozen=True, slots=True)
class _Part:
    """One Encounter, of all that is known of it by now."""

    name: str
    code: str
    phases: list[Encounter]
    places: list[Location]
    part_of: str | None

    def resource(self, told: EhrMessage) -> Resource:
        """As it stands."""
        last = self.phases[-1] if self.phases else None
        left = sorted(e.happened_at for e in self.places if e.phase == "left")
        ended = last is not None and last.phase == "discharged"
        of_emergency = self.part_of is not None and bool(left)
        end = last.happened_at if last and ended else left[-1] if of_emergency else None
        return resource(
            "Encounter",
            self.name,
            told,
            identifier=[{"system": AUTHORITY, "value": self.name}],
            status=self._status(last, over=end is not None),
            **{"class": coding(f"{TERMINOLOGY}/v3-ActCode", self.code)},
            subject=subject(told),
            participant=[{"individual": {"display": identity_of(self.name).physician}}],
            partOf=reference("Encounter", self.part_of),
            period=period(self._began(), end),
            hospitalization=_hospitalization(last),
            location=list(_locations(self.places)) or None,
        )

    def _status(self, last: Encounter | None, *, over: bool) -> str:
        if over:
            return "finished"
        if last is None or self.part_of is not None:
            return "in-progress"
        return _STATUS[last.phase]

    def _began(self) -> datetime | None:
        """The admission, else the registration, else the first bed."""
        admitted = [e.happened_at for e in self.phases if e.phase == "admitted"]
        registered = [e.happened_at for e in self.phases if e.phase == "registered"]
        entered = sorted(e.happened_at for e in self.places if e.phase == "entered")
        return next(iter((*admitted, *registered, *entered)), None)


def _rank(event: Encounter) -> int:
    return list(_STATUS).index(event.phase)


def _hospitalization(last: Encounter | None) -> Element | None:
    if last is None or last.disposition is None:
        return None
    system = f"{TERMINOLOGY}/discharge-disposition"
    left = concept(coding(system, _DISPOSITION[last.disposition]))
    return {"dischargeDisposition": left}


def _locations(places: list[Location]) -> Iterator[Element]:
    """Each time in one unit, with what is known of its two ends."""
    left = sorted((e for e in places if e.phase == "left"), key=lambda e: e.happened_at)
    entered = sorted(
        (e for e in places if e.phase == "entered"), key=lambda e: e.happened_at
    )
    for came in entered:
        ends = [
            e for e in left if e.ward == came.ward and e.happened_at >= came.happened_at
        ]
        if ends:
            left.remove(ends[0])
        yield _location(came, ends[0] if ends else None)
    for gone in left:
        yield _location(None, gone)


def _location(came: Location | None, gone: Location | None) -> Element:
    ward = came.ward if came else gone.ward if gone else ""
    return {
        "location": reference("Location", _ward_id(ward), ward),
        "status": "completed" if gone else "active",
        "period": period(
            came.happened_at if came else None, gone.happened_at if gone else None
        ),
    }


def _new_wards(
    told: EhrMessage, before: list[Location], now: list[Location]
) -> Iterator[Resource]:
    """A Location for each unit that was not named before."""
    for ward in dict.fromkeys(e.ward for e in now):
        if ward not in {e.ward for e in before}:
            level = WARDS.get(ward, "other").upper()
            kind = {"ICU": "ICU", "EMERGENCY": "ER"}.get(level, "HU")
            yield resource(
                "Location",
                _ward_id(ward),
                told,
                status="active",
                name=ward,
                type=[concept(coding(f"{TERMINOLOGY}/v3-RoleCode", kind))],
            )


def _ward_id(ward: str) -> str:
    return ward.lower().replace(" ", "-")
