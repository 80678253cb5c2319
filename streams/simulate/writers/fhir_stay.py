"""Patient and Encounter: resources that grow with what becomes known of them.

A FHIR server says a resource anew, whole, whenever anything of it changes.
Source: HL7 FHIR R4 (4.0.1), Patient, Encounter, Location.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

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

_CLASS = {"emergency": "EMER", "inpatient": "IMP", "outpatient": "AMB"}
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
        if phases or places:
            yield self._encounter(told, [*phases, *places][0].encounter or "")

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

    def _encounter(self, told: EhrMessage, name: str) -> Resource:
        phases = sorted(self._phases, key=lambda e: (e.happened_at, _rank(e)))
        last = phases[-1] if phases else None
        ended = last is not None and last.phase == "discharged"
        return resource(
            "Encounter",
            name,
            told,
            identifier=[{"system": AUTHORITY, "value": name}],
            status=_STATUS[last.phase] if last else "unknown",
            **{"class": _class(last)},
            statusHistory=_history(phases, "status") or None,
            classHistory=_history(phases, "class") or None,
            subject=subject(told),
            participant=[{"individual": {"display": identity_of(name).physician}}],
            period=period(
                phases[0].happened_at if phases else None,
                last.happened_at if last is not None and ended else None,
            ),
            hospitalization=_hospitalization(last),
            location=list(_locations(self._places)) or None,
        )


def _rank(event: Encounter) -> int:
    return list(_STATUS).index(event.phase)


def _class(event: Encounter | None) -> Element:
    code = _CLASS.get(event.encounter_class, "IMP") if event else "IMP"
    return coding(f"{TERMINOLOGY}/v3-ActCode", code)


def _history(phases: list[Encounter], name: str) -> list[Element]:
    """Each phase but the last, from its beginning to that of the next."""
    return [
        {
            name: _class(one) if name == "class" else _STATUS[one.phase],
            "period": period(one.happened_at, following.happened_at),
        }
        for one, following in pairwise(phases)
    ]


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
